/** What the names in these URLs resolve to; a name that is not here does not exist. */
export const NAMES: Record<string, string[]> = {
  'example.com': ['93.184.216.34', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'],
  'hooks.example.com': ['1.1.1.1'],
  'v6.example.com': ['2a00:1450:4001:830::200e'],
  'xn--bcher-kva.example.com': ['8.8.8.8'],
  'xn--fiqs8s.example.com': ['8.8.4.4'],
  'localhost.example.com': ['9.9.9.9'],
  'internal-tools.example.com': ['9.9.9.9'],
  '127.0.0.1.example.com': ['9.9.9.9'],
  'localtest.example.com': ['127.0.0.1'],
  '127-0-0-1.sslip.example.com': ['127.0.0.1'],
  'metadata.example.com': ['169.254.169.254'],
  'lan.example.com': ['192.168.1.10'],
  'ten.example.com': ['10.20.30.40'],
  'cgnat.example.com': ['100.100.100.200'],
  'wire.example.com': ['168.63.129.16'],
  'mixed.example.com': ['93.184.216.34', '10.0.0.1'],
  'mixed6.example.com': ['93.184.216.34', '::1'],
  'mapped.example.com': ['::ffff:127.0.0.1'],
  'nat64.example.com': ['64:ff9b::a9fe:a9fe'],
  'sixtofour.example.com': ['2002:7f00:1::'],
  'ula.example.com': ['fd00:ec2::254'],
  'linklocal.example.com': ['fe80::1'],
  'zero.example.com': ['0.0.0.0'],
  'multicast.example.com': ['224.0.0.251'],
}

const DOT_ZERO = ['0', '10.255.255.254', '100.64.0.1', '100.127.255.254', '127.0.0.1', '127.1.2.3']

/** Never to be sent to. Each group names the trick. */
export const HOSTILE: Record<string, string[]> = {
  'is no URL': [
    ...[
      '',
      ' ',
      'example.com',
      '//example.com/hook',
      '/hook',
      'https://',
      'https:///',
      'https://?x',
    ],
    ...['https://exa mple.com/', 'https://exa\tmple.com/', 'https://exa\nmple.com/'],
    ...[
      ' https://example.com/',
      'https://example.com/\r\nHost: localhost',
      'https:\\\\example.com\\',
    ],
    ...['https://example.com\\@127.0.0.1/', 'https://[::1', 'https://[::1%25eth0]/'],
    ...[
      'https://[fe80::1%25lo]/',
      'https://[fe80::1%eth0]/',
      'https://1.2.3.4.5/',
      'https://256.1.1.1/',
    ],
    ...[
      'https://0x100000000/',
      'https://exa%00mple.com/',
      'https://example.com:99999/',
      'https://%/',
    ],
  ],
  'has another scheme': [
    ...['http://example.com/', 'ftp://example.com/', 'file:///etc/passwd', 'file://example.com/x'],
    ...['gopher://127.0.0.1:70/_x', 'dict://127.0.0.1:11211/stat', 'ldap://127.0.0.1/'],
    ...['ws://example.com/', 'wss://example.com/', 'data:text/plain,x', 'javascript:alert(1)'],
    ...[
      'blob:https://example.com/1',
      'jar:https://example.com!/',
      'view-source:https://example.com/',
    ],
    ...['about:blank', 'unix:/var/run/docker.sock', 'tftp://127.0.0.1/x', 'HTTP://127.0.0.1/'],
  ],
  'carries credentials': [
    ...[
      'https://user@example.com/',
      'https://user:pass@example.com/',
      'https://:pass@example.com/',
    ],
    ...['https://example.com@127.0.0.1/', 'https://example.com:443@10.0.0.1/'],
    ...['https://example.com%40127.0.0.1@10.0.0.1/', 'https://127.0.0.1#@example.com/'],
  ],
  'has another port': [
    ...['https://example.com:80/', 'https://example.com:22/', 'https://example.com:8443/'],
    ...['https://example.com:0/', 'https://93.184.216.34:6379/', 'https://[2606:4700::1111]:25/'],
  ],
  'is a private or reserved IPv4 address': [
    ...DOT_ZERO.map((address) => `https://${address}/`),
    ...['https://169.254.169.254/latest/meta-data/', 'https://169.254.170.2/v2/credentials'],
    ...[
      'https://172.16.0.1/',
      'https://172.31.255.254/',
      'https://192.0.0.192/',
      'https://192.0.2.1/',
    ],
    ...[
      'https://192.168.0.1/',
      'https://198.18.0.1/',
      'https://198.19.255.254/',
      'https://198.51.100.1/',
    ],
    ...[
      'https://203.0.113.1/',
      'https://224.0.0.1/',
      'https://239.255.255.250/',
      'https://240.0.0.1/',
    ],
    ...['https://255.255.255.255/', 'https://100.100.100.200/', 'https://168.63.129.16/'],
    ...['https://192.88.99.1/'],
  ],
  'spells such an address another way': [
    ...['https://2130706433/', 'https://0x7f000001/', 'https://0x7f.0.0.1/', 'https://0177.0.0.1/'],
    ...[
      'https://017700000001/',
      'https://127.1/',
      'https://127.0.1/',
      'https://0x7f.1/',
      'https://0/',
    ],
    ...['https://0x0/', 'https://00000000177.0.0.1/', 'https://0xA9FEA9FE/', 'https://2852039166/'],
    ...['https://0xa9.0xfe.0xa9.0xfe/', 'https://0251.0376.0251.0376/', 'https://169.254.43518/'],
    ...[
      'https://127.0.0.1./',
      'https://127.0.0.1:443/',
      'https://①②⑦.⓪.⓪.①/',
      'https://１２７.0.0.1/',
    ],
    ...[
      'https://127。0。0。1/',
      'https://%31%32%37.0.0.1/',
      'https://1０.0.0.1/',
      'https://𝟏𝟐𝟕.𝟎.𝟎.𝟏/',
    ],
  ],
  'is a private, reserved or translating IPv6 address': [
    ...['https://[::]/', 'https://[::1]/', 'https://[0:0:0:0:0:0:0:1]/', 'https://[0000::0001]/'],
    ...['https://[::ffff:127.0.0.1]/', 'https://[::ffff:7f00:1]/', 'https://[::ffff:8.8.8.8]/'],
    ...['https://[::ffff:0:127.0.0.1]/', 'https://[::127.0.0.1]/', 'https://[::a9fe:a9fe]/'],
    ...[
      'https://[64:ff9b::127.0.0.1]/',
      'https://[64:ff9b::a9fe:a9fe]/',
      'https://[64:ff9b:1::1]/',
    ],
    ...['https://[2002:7f00:1::]/', 'https://[2002:a9fe:a9fe::1]/', 'https://[2001:0:7f00:1::]/'],
    ...[
      'https://[2001::1]/',
      'https://[2001:10::1]/',
      'https://[2001:20::1]/',
      'https://[2001:db8::1]/',
    ],
    ...['https://[3fff::1]/', 'https://[5f00::1]/', 'https://[100::1]/', 'https://[fc00::1]/'],
    ...[
      'https://[fd00:ec2::254]/',
      'https://[fe80::1]/',
      'https://[fec0::1]/',
      'https://[ff02::1]/',
    ],
    ...['https://[2001:2::1]/', 'https://[4000::1]/', 'https://[::1]:443/'],
  ],
  'is a name of the local network': [
    ...[
      'https://localhost/',
      'https://LOCALHOST/',
      'https://localhost./',
      'https://localhost.localdomain/',
    ],
    ...[
      'https://foo.localhost/',
      'https://ｌｏｃａｌｈｏｓｔ/',
      'https://printer.local/',
      'https://intranet/',
    ],
    ...['https://metadata.google.internal/computeMetadata/v1/', 'https://metadata/', 'https://db/'],
    ...[
      'https://instance-data/',
      'https://instance-data.ec2.internal/',
      'https://host.docker.internal/',
    ],
    ...[
      'https://kubernetes.default.svc.cluster.local/',
      'https://router.lan/',
      'https://nas.home/',
    ],
    ...[
      'https://box.home.arpa/',
      'https://wiki.corp/',
      'https://x.onion/',
      'https://example..com/',
    ],
    ...['https://example.com../', 'https://gateway.private/'],
  ],
  'is a name with such an address': [
    ...Object.keys(NAMES)
      .slice(Object.keys(NAMES).indexOf('localtest.example.com'))
      .map((name) => `https://${name}/`),
    ...[
      'https://MIXED.example.com/',
      'https://ⓜixed.example.com/',
      'https://lan.example.com./hook',
    ],
    'https://nowhere.example.com/',
  ],
  'is ourselves': [
    ...['https://project.example.net/functions/v1/api', 'https://PROJECT.example.net/'],
    ...['https://project.example.net./', 'https://db.project.example.net/'],
    ...['https://project.functions.example.net/api'],
  ],
}

/** What customers do use. */
export const BENIGN = [
  ...[
    'https://example.com/',
    'https://example.com',
    'https://EXAMPLE.com/Hook',
    'HTTPS://example.com/',
  ],
  ...[
    'https://example.com:443/hook',
    'https://example.com./hook',
    'https://hooks.example.com/a/b/c',
  ],
  ...[
    'https://hooks.example.com/hook?token=a%20b&next=http://127.0.0.1/',
    'https://example.com/a@b:c',
  ],
  ...['https://example.com/#fragment', 'https://v6.example.com/', 'https://bücher.example.com/'],
  ...[
    'https://xn--bcher-kva.example.com/',
    'https://中国.example.com/',
    'https://localhost.example.com/',
  ],
  ...[
    'https://internal-tools.example.com/',
    'https://127.0.0.1.example.com/',
    'https://1.1.1.1/hook',
  ],
  ...['https://93.184.216.34/', 'https://[2606:4700:4700::1111]/', 'https://134744072/'],
]
