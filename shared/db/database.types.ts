// Generated from the migrations by `npm run types`; a test fails when it is stale.

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
  public: {
    Tables: {
      account_stats_daily: {
        Row: {
          account_id: string
          bookmarks: number
          clicks: number
          date: string
          engagements: number
          impressions: number
          likes: number
          posts: number
          profile_clicks: number
          quotes: number
          replies: number
          reposts: number
          updated_at: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          account_id: string
          bookmarks?: number
          clicks?: number
          date: string
          engagements?: number
          impressions?: number
          likes?: number
          posts?: number
          profile_clicks?: number
          quotes?: number
          replies?: number
          reposts?: number
          updated_at?: string
          workspace_id: string
        }
        Update: {
          account_id?: string
          bookmarks?: number
          clicks?: number
          date?: string
          engagements?: number
          impressions?: number
          likes?: number
          posts?: number
          profile_clicks?: number
          quotes?: number
          replies?: number
          reposts?: number
          updated_at?: string
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'account_stats_daily_account_id_fkey'
            columns: ['account_id']
            isOneToOne: false
            referencedRelation: 'accounts'
            referencedColumns: ['id']
          },
        ]
      }
      account_stats_hourly: {
        Row: {
          account_id: string
          bookmarks: number
          clicks: number
          engagements: number
          hour: string
          impressions: number
          likes: number
          posts: number
          profile_clicks: number
          quotes: number
          replies: number
          reposts: number
          updated_at: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          account_id: string
          bookmarks?: number
          clicks?: number
          engagements?: number
          hour: string
          impressions?: number
          likes?: number
          posts?: number
          profile_clicks?: number
          quotes?: number
          replies?: number
          reposts?: number
          updated_at?: string
          workspace_id: string
        }
        Update: {
          account_id?: string
          bookmarks?: number
          clicks?: number
          engagements?: number
          hour?: string
          impressions?: number
          likes?: number
          posts?: number
          profile_clicks?: number
          quotes?: number
          replies?: number
          reposts?: number
          updated_at?: string
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'account_stats_hourly_account_id_fkey'
            columns: ['account_id']
            isOneToOne: false
            referencedRelation: 'accounts'
            referencedColumns: ['id']
          },
        ]
      }
      accounts: {
        Row: {
          can_self_reply: boolean
          connected_at: string
          created_at: string
          disconnected_at: string | null
          display_name: string | null
          id: string
          network: string
          paused_at: string | null
          profile_asked_at: string
          profile_read_at: string
          remote_user_id: string
          status: string
          status_detail: string | null
          text_limit: number
          time_zone: string
          twitter_username: string
          user_id: string | null
          version: number
          workspace_id: string
          x_app_id: string
        }
        ComputedFields: never
        Insert: {
          can_self_reply?: boolean
          connected_at?: string
          created_at?: string
          disconnected_at?: string | null
          display_name?: string | null
          id?: string
          network?: string
          paused_at?: string | null
          profile_asked_at?: string
          profile_read_at?: string
          remote_user_id: string
          status?: string
          status_detail?: string | null
          text_limit?: number
          time_zone?: string
          twitter_username: string
          user_id?: string | null
          version?: number
          workspace_id: string
          x_app_id: string
        }
        Update: {
          can_self_reply?: boolean
          connected_at?: string
          created_at?: string
          disconnected_at?: string | null
          display_name?: string | null
          id?: string
          network?: string
          paused_at?: string | null
          profile_asked_at?: string
          profile_read_at?: string
          remote_user_id?: string
          status?: string
          status_detail?: string | null
          text_limit?: number
          time_zone?: string
          twitter_username?: string
          user_id?: string | null
          version?: number
          workspace_id?: string
          x_app_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'accounts_user_id_fkey'
            columns: ['user_id']
            isOneToOne: false
            referencedRelation: 'users'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'accounts_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      event_forks: {
        Row: {
          forked_at: string
          id: string
          last_sequence: number
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          forked_at: string
          id?: string
          last_sequence: number
          workspace_id: string
        }
        Update: {
          forked_at?: string
          id?: string
          last_sequence?: number
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'event_forks_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      event_horizons: {
        Row: {
          forgotten_at: string
          last_sequence: number
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          forgotten_at: string
          last_sequence: number
          workspace_id: string
        }
        Update: {
          forgotten_at?: string
          last_sequence?: number
          workspace_id?: string
        }
        Relationships: []
      }
      event_positions: {
        Row: {
          event_id: string
          sequence: number
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          event_id: string
          sequence: number
          workspace_id: string
        }
        Update: {
          event_id?: string
          sequence?: number
          workspace_id?: string
        }
        Relationships: []
      }
      events: {
        Row: {
          actor_id: string | null
          actor_type: string
          changes: Json | null
          created_at: string
          data: NonNullable<Json>
          id: string
          is_deferred: boolean
          subject_id: string
          subject_type: string
          type: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          actor_id?: string | null
          actor_type?: string
          changes?: Json | null
          created_at?: string
          data?: NonNullable<Json>
          id?: string
          is_deferred?: boolean
          subject_id: string
          subject_type: string
          type: string
          workspace_id: string
        }
        Update: {
          actor_id?: string | null
          actor_type?: string
          changes?: Json | null
          created_at?: string
          data?: NonNullable<Json>
          id?: string
          is_deferred?: boolean
          subject_id?: string
          subject_type?: string
          type?: string
          workspace_id?: string
        }
        Relationships: []
      }
      media: {
        Row: {
          alt_text: string | null
          bytes: number
          content_type: string
          created_at: string
          duration_ms: number | null
          etag: string | null
          file_name: string
          height: number | null
          id: string
          kind: string
          next_look_at: string | null
          ready_at: string | null
          rejection: Json | null
          status: string
          upload_expires_at: string
          user_id: string | null
          version: number
          width: number | null
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          alt_text?: string | null
          bytes: number
          content_type: string
          created_at?: string
          duration_ms?: number | null
          etag?: string | null
          file_name: string
          height?: number | null
          id?: string
          kind: string
          next_look_at?: string | null
          ready_at?: string | null
          rejection?: Json | null
          status?: string
          upload_expires_at: string
          user_id?: string | null
          version?: number
          width?: number | null
          workspace_id: string
        }
        Update: {
          alt_text?: string | null
          bytes?: number
          content_type?: string
          created_at?: string
          duration_ms?: number | null
          etag?: string | null
          file_name?: string
          height?: number | null
          id?: string
          kind?: string
          next_look_at?: string | null
          ready_at?: string | null
          rejection?: Json | null
          status?: string
          upload_expires_at?: string
          user_id?: string | null
          version?: number
          width?: number | null
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'media_user_id_fkey'
            columns: ['user_id']
            isOneToOne: false
            referencedRelation: 'users'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'media_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      post_analytics: {
        Row: {
          account_id: string
          bookmarks: number
          clicks: number
          engagements: number
          impressions: number
          likes: number
          position: number
          post_id: string
          profile_clicks: number
          quotes: number
          replies: number
          reposts: number
          source: string
          timestamp: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          account_id: string
          bookmarks?: number
          clicks: number
          engagements: number
          impressions: number
          likes?: number
          position?: number
          post_id: string
          profile_clicks?: number
          quotes?: number
          replies?: number
          reposts?: number
          source?: string
          timestamp: string
          workspace_id: string
        }
        Update: {
          account_id?: string
          bookmarks?: number
          clicks?: number
          engagements?: number
          impressions?: number
          likes?: number
          position?: number
          post_id?: string
          profile_clicks?: number
          quotes?: number
          replies?: number
          reposts?: number
          source?: string
          timestamp?: string
          workspace_id?: string
        }
        Relationships: []
      }
      post_segments: {
        Row: {
          has_url: boolean
          media_ids: string[]
          position: number
          post_id: string
          published_at: string | null
          remote_id: string | null
          removed_at: string | null
          status: string
          text: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          has_url?: boolean
          media_ids?: string[]
          position: number
          post_id: string
          published_at?: string | null
          remote_id?: string | null
          removed_at?: string | null
          status?: string
          text: string
          workspace_id: string
        }
        Update: {
          has_url?: boolean
          media_ids?: string[]
          position?: number
          post_id?: string
          published_at?: string | null
          remote_id?: string | null
          removed_at?: string | null
          status?: string
          text?: string
          workspace_id?: string
        }
        Relationships: []
      }
      post_stats: {
        Row: {
          account_id: string
          bookmarks: number
          clicks: number
          collected_at: string | null
          engagements: number
          impressions: number
          late_ms: number | null
          likes: number
          post_id: string
          profile_clicks: number
          published_at: string
          quotes: number
          replies: number
          reposts: number
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          account_id: string
          bookmarks?: number
          clicks?: number
          collected_at?: string | null
          engagements?: number
          impressions?: number
          late_ms?: number | null
          likes?: number
          post_id: string
          profile_clicks?: number
          published_at: string
          quotes?: number
          replies?: number
          reposts?: number
          workspace_id: string
        }
        Update: {
          account_id?: string
          bookmarks?: number
          clicks?: number
          collected_at?: string | null
          engagements?: number
          impressions?: number
          late_ms?: number | null
          likes?: number
          post_id?: string
          profile_clicks?: number
          published_at?: string
          quotes?: number
          replies?: number
          reposts?: number
          workspace_id?: string
        }
        Relationships: []
      }
      posts: {
        Row: {
          account_id: string
          content: string
          created_at: string
          failure: Json | null
          held_reason: string | null
          id: string
          late_after: string
          late_policy: string
          metadata: NonNullable<Json>
          published_at: string | null
          scheduled_at: string | null
          status: string
          unpublish_requested_at: string | null
          unpublished_at: string | null
          updated_at: string
          user_id: string | null
          version: number
          workspace_id: string
          segments: {
            has_url: boolean
            media_ids: string[]
            position: number
            post_id: string
            published_at: string | null
            remote_id: string | null
            removed_at: string | null
            status: string
            text: string
            workspace_id: string
          } | null
        }
        ComputedFields: 'segments'
        Insert: {
          account_id: string
          content: string
          created_at?: string
          failure?: Json | null
          held_reason?: string | null
          id?: string
          late_after?: string
          late_policy?: string
          metadata?: NonNullable<Json>
          published_at?: string | null
          scheduled_at?: string | null
          status?: string
          unpublish_requested_at?: string | null
          unpublished_at?: string | null
          updated_at?: string
          user_id?: string | null
          version?: number
          workspace_id: string
        }
        Update: {
          account_id?: string
          content?: string
          created_at?: string
          failure?: Json | null
          held_reason?: string | null
          id?: string
          late_after?: string
          late_policy?: string
          metadata?: NonNullable<Json>
          published_at?: string | null
          scheduled_at?: string | null
          status?: string
          unpublish_requested_at?: string | null
          unpublished_at?: string | null
          updated_at?: string
          user_id?: string | null
          version?: number
          workspace_id?: string
        }
        Relationships: []
      }
      publish_attempts: {
        Row: {
          account_id: string
          error: Json | null
          finished_at: string
          http_status: number | null
          number: number
          position: number
          post_id: string
          remote_id: string | null
          sending_at: string
          sent_at: string | null
          status: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          account_id: string
          error?: Json | null
          finished_at: string
          http_status?: number | null
          number: number
          position: number
          post_id: string
          remote_id?: string | null
          sending_at: string
          sent_at?: string | null
          status: string
          workspace_id: string
        }
        Update: {
          account_id?: string
          error?: Json | null
          finished_at?: string
          http_status?: number | null
          number?: number
          position?: number
          post_id?: string
          remote_id?: string | null
          sending_at?: string
          sent_at?: string | null
          status?: string
          workspace_id?: string
        }
        Relationships: []
      }
      usage_stats: {
        Row: {
          api_calls: number
          date: string
          posts_created: number
          tokens_used: number
          user_id: string
        }
        ComputedFields: never
        Insert: {
          api_calls?: number
          date: string
          posts_created?: number
          tokens_used?: number
          user_id: string
        }
        Update: {
          api_calls?: number
          date?: string
          posts_created?: number
          tokens_used?: number
          user_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'usage_stats_user_id_fkey'
            columns: ['user_id']
            isOneToOne: false
            referencedRelation: 'users'
            referencedColumns: ['id']
          },
        ]
      }
      users: {
        Row: {
          created_at: string
          email: string
          id: string
          settings: NonNullable<Json>
          subscription_tier: string
        }
        ComputedFields: never
        Insert: {
          created_at?: string
          email: string
          id: string
          settings?: NonNullable<Json>
          subscription_tier?: string
        }
        Update: {
          created_at?: string
          email?: string
          id?: string
          settings?: NonNullable<Json>
          subscription_tier?: string
        }
        Relationships: []
      }
      webhook_attempts: {
        Row: {
          delivery_id: string
          duration_ms: number | null
          error: string | null
          http_status: number | null
          number: number
          outcome: string
          response: string | null
          started_at: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          delivery_id: string
          duration_ms?: number | null
          error?: string | null
          http_status?: number | null
          number: number
          outcome: string
          response?: string | null
          started_at: string
          workspace_id: string
        }
        Update: {
          delivery_id?: string
          duration_ms?: number | null
          error?: string | null
          http_status?: number | null
          number?: number
          outcome?: string
          response?: string | null
          started_at?: string
          workspace_id?: string
        }
        Relationships: []
      }
      webhook_deliveries: {
        Row: {
          attempt_count: number
          created_at: string
          endpoint_id: string
          event_id: string
          event_type: string
          failure: string | null
          finished_at: string | null
          id: string
          next_attempt_at: string | null
          sequence: number
          status: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          attempt_count?: number
          created_at?: string
          endpoint_id: string
          event_id: string
          event_type: string
          failure?: string | null
          finished_at?: string | null
          id?: string
          next_attempt_at?: string | null
          sequence: number
          status?: string
          workspace_id: string
        }
        Update: {
          attempt_count?: number
          created_at?: string
          endpoint_id?: string
          event_id?: string
          event_type?: string
          failure?: string | null
          finished_at?: string | null
          id?: string
          next_attempt_at?: string | null
          sequence?: number
          status?: string
          workspace_id?: string
        }
        Relationships: []
      }
      webhook_endpoints: {
        Row: {
          account_ids: string[] | null
          created_at: string
          created_by: string | null
          description: string | null
          disabled_reason: string | null
          event_types: string[] | null
          failing_since: string | null
          failure_count: number
          header_names: string[]
          id: string
          last_failed_at: string | null
          max_in_flight: number
          max_per_second: number | null
          status: string
          url: string
          version: number
          warned_at: string | null
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          account_ids?: string[] | null
          created_at?: string
          created_by?: string | null
          description?: string | null
          disabled_reason?: string | null
          event_types?: string[] | null
          failing_since?: string | null
          failure_count?: number
          header_names?: string[]
          id?: string
          last_failed_at?: string | null
          max_in_flight?: number
          max_per_second?: number | null
          status?: string
          url: string
          version?: number
          warned_at?: string | null
          workspace_id: string
        }
        Update: {
          account_ids?: string[] | null
          created_at?: string
          created_by?: string | null
          description?: string | null
          disabled_reason?: string | null
          event_types?: string[] | null
          failing_since?: string | null
          failure_count?: number
          header_names?: string[]
          id?: string
          last_failed_at?: string | null
          max_in_flight?: number
          max_per_second?: number | null
          status?: string
          url?: string
          version?: number
          warned_at?: string | null
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'webhook_endpoints_created_by_fkey'
            columns: ['created_by']
            isOneToOne: false
            referencedRelation: 'users'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'webhook_endpoints_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      workspace_members: {
        Row: {
          created_at: string
          role: string
          user_id: string
          workspace_id: string
        }
        ComputedFields: never
        Insert: {
          created_at?: string
          role: string
          user_id: string
          workspace_id: string
        }
        Update: {
          created_at?: string
          role?: string
          user_id?: string
          workspace_id?: string
        }
        Relationships: [
          {
            foreignKeyName: 'workspace_members_user_id_fkey'
            columns: ['user_id']
            isOneToOne: false
            referencedRelation: 'users'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'workspace_members_workspace_id_fkey'
            columns: ['workspace_id']
            isOneToOne: false
            referencedRelation: 'workspaces'
            referencedColumns: ['id']
          },
        ]
      }
      workspaces: {
        Row: {
          created_at: string
          id: string
          is_personal: boolean
          name: string
          owner_id: string
          paused_at: string | null
          resend_when_absent: boolean
          suspended_at: string | null
          suspended_reason: string | null
          version: number
        }
        ComputedFields: never
        Insert: {
          created_at?: string
          id?: string
          is_personal?: boolean
          name: string
          owner_id: string
          paused_at?: string | null
          resend_when_absent?: boolean
          suspended_at?: string | null
          suspended_reason?: string | null
          version?: number
        }
        Update: {
          created_at?: string
          id?: string
          is_personal?: boolean
          name?: string
          owner_id?: string
          paused_at?: string | null
          resend_when_absent?: boolean
          suspended_at?: string | null
          suspended_reason?: string | null
          version?: number
        }
        Relationships: [
          {
            foreignKeyName: 'workspaces_owner_id_fkey'
            columns: ['owner_id']
            isOneToOne: false
            referencedRelation: 'users'
            referencedColumns: ['id']
          },
        ]
      }
    }
    Views: {
      activity: {
        Row: {
          actor_id: string | null
          actor_type: string
          changes: Json | null
          created_at: string
          data: NonNullable<Json>
          id: string
          sequence: number
          subject_id: string
          subject_type: string
          type: string
          workspace_id: string
        }
        ComputedFields: never
        Relationships: []
      }
    }
    Functions: {
      account_health: { Args: { p_account_id: string; p_period?: string }; Returns: Json }
      cancel_post: { Args: { p_post_id: string; p_version?: number }; Returns: Json }
      claim_idempotency_key: {
        Args: { p_fingerprint: string; p_key: string; p_route: string }
        Returns: Json
      }
      create_media: { Args: { p_media: Json; p_workspace_id: string }; Returns: Json }
      create_post: { Args: { p_dry_run?: boolean; p_post: Json }; Returns: Json }
      create_webhook_endpoint: {
        Args: { p_encrypted_secret: string; p_endpoint: Json; p_workspace_id: string }
        Returns: Json
      }
      create_x_app: {
        Args: { p_app: Json; p_encrypted_secret: string; p_workspace_id: string }
        Returns: Json
      }
      delete_media: { Args: { p_media_id: string; p_version?: number }; Returns: Json }
      delete_webhook_endpoint: {
        Args: { p_endpoint_id: string; p_version?: number }
        Returns: Json
      }
      delete_x_app: { Args: { p_version?: number; p_x_app_id: string }; Returns: Json }
      disconnect_account: { Args: { p_account_id: string; p_version?: number }; Returns: Json }
      drop_remainder: { Args: { p_post_id: string; p_version?: number }; Returns: Json }
      duplicate_post: { Args: { p_post_id: string }; Returns: Json }
      end_of_events: { Args: { p_workspace_id: string }; Returns: Json }
      get_account_summary: {
        Args: { p_account_id: string; p_from?: string; p_to?: string }
        Returns: Json
      }
      get_budget: { Args: { p_workspace_id: string }; Returns: Json }
      get_delivery: { Args: { p_delivery_id: string }; Returns: Json }
      get_post: { Args: { p_post_id: string }; Returns: Json }
      get_post_analytics: { Args: { p_post_id: string }; Returns: Json }
      get_usage: { Args: { p_from?: string; p_to?: string }; Returns: Json }
      get_x_app: { Args: { p_x_app_id: string }; Returns: Json }
      list_at_risk: {
        Args: { p_after?: Json; p_limit?: number; p_workspace_id: string }
        Returns: Json
      }
      list_attempts: { Args: { p_post_id: string }; Returns: Json }
      list_deliveries: {
        Args: { p_before?: string; p_filter?: Json; p_limit?: number; p_workspace_id: string }
        Returns: Json
      }
      list_events: {
        Args: { p_after?: number; p_filter?: Json; p_limit?: number; p_workspace_id: string }
        Returns: Json
      }
      list_posts: {
        Args: { p_before?: string; p_filter?: Json; p_limit?: number; p_workspace_id: string }
        Returns: Json
      }
      list_x_apps: { Args: { p_workspace_id: string }; Returns: Json }
      locate_event_cursor: {
        Args: { p_after: number; p_fork: string; p_workspace_id: string }
        Returns: Json
      }
      publish_post: { Args: { p_post_id: string; p_version?: number }; Returns: Json }
      record_tokens: { Args: { p_tokens: number }; Returns: undefined }
      recover_deliveries: {
        Args: {
          p_endpoint_id: string
          p_is_dry?: boolean
          p_kind: string
          p_since: string
          p_until?: string
        }
        Returns: Json
      }
      replay_delivery: { Args: { p_delivery_id: string }; Returns: Json }
      resolve_post: {
        Args: { p_post_id: string; p_remote_id?: string; p_version?: number }
        Returns: Json
      }
      resume_post: { Args: { p_post_id: string; p_version?: number }; Returns: Json }
      retry_post: { Args: { p_post_id: string; p_version?: number }; Returns: Json }
      review_post: { Args: { p_review: Json }; Returns: Json }
      rotate_webhook_secret: {
        Args: { p_encrypted_secret: string; p_endpoint_id: string }
        Returns: Json
      }
      schedule_post: {
        Args: { p_dry_run?: boolean; p_post_id: string; p_scheduled_at: string; p_version?: number }
        Returns: Json
      }
      segments: {
        Args: { '': Database['public']['Tables']['posts']['Row'] }
        Returns: {
          error: true
        } & 'the function public.segments with parameter or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache'
        SetofOptions: {
          from: 'posts'
          to: 'post_segments'
          isOneToOne: false
          isSetofReturn: true
        }
      }
      set_budget: {
        Args: { p_limit_micros: number; p_version?: number; p_workspace_id: string }
        Returns: Json
      }
      settle_idempotency_key: {
        Args: { p_encrypted_response?: string; p_key: string; p_route: string }
        Returns: undefined
      }
      start_connection: {
        Args: {
          p_encrypted_verifier: string
          p_return_to: string
          p_state_hash: string
          p_workspace_id: string
          p_x_app_id?: string
        }
        Returns: Json
      }
      start_profile_refresh: { Args: { p_account_id: string }; Returns: Json }
      start_resolving: { Args: { p_post_id: string; p_version?: number }; Returns: Json }
      test_webhook_endpoint: { Args: { p_endpoint_id: string }; Returns: Json }
      unpublish_post: { Args: { p_post_id: string; p_version?: number }; Returns: Json }
      unschedule_post: { Args: { p_post_id: string; p_version?: number }; Returns: Json }
      update_account: {
        Args: { p_account_id: string; p_changes: Json; p_version?: number }
        Returns: Json
      }
      update_me: { Args: { p_settings: Json }; Returns: Json }
      update_media: {
        Args: { p_alt_text: string; p_media_id: string; p_version?: number }
        Returns: Json
      }
      update_post: {
        Args: { p_changes: Json; p_post_id: string; p_version?: number }
        Returns: Json
      }
      update_webhook_endpoint: {
        Args: { p_changes: Json; p_endpoint_id: string; p_version?: number }
        Returns: Json
      }
      update_workspace: {
        Args: { p_changes: Json; p_version?: number; p_workspace_id: string }
        Returns: Json
      }
      update_x_app: {
        Args: {
          p_changes: Json
          p_encrypted_secret?: string
          p_version?: number
          p_x_app_id: string
        }
        Returns: Json
      }
    }
    Enums: {
      [_ in never]: never
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  service: {
    Tables: {
      [_ in never]: never
    }
    Views: {
      [_ in never]: never
    }
    Functions: {
      advance: {
        Args: {
          p_go?: Json
          p_go_id: string
          p_lease?: string
          p_now?: string
          p_pause?: string
          p_release?: Json
          p_results?: Json
        }
        Returns: Json
      }
      announce_key: { Args: { p_key_id: string; p_now?: string }; Returns: Json }
      begin_reading: { Args: { p_subscription_id: string }; Returns: Json }
      check_remote_id: {
        Args: {
          p_is_read?: boolean
          p_now?: string
          p_post_id: string
          p_remote_id: string
          p_sent_at: string
        }
        Returns: Json
      }
      claim_collections: {
        Args: {
          p_claim_id: string
          p_lease?: string
          p_limit?: number
          p_now?: string
          p_per_lane?: number
        }
        Returns: Json
      }
      claim_deliveries: {
        Args: {
          p_claim_id: string
          p_lease?: string
          p_limit?: number
          p_now?: string
          p_worker_id: string
        }
        Returns: Json
      }
      claim_emails: {
        Args: { p_is_connected: boolean; p_limit?: number; p_now?: string }
        Returns: Json
      }
      claim_envelopes: {
        Args: { p_key_id: string; p_known_key_ids: string[]; p_limit?: number; p_now?: string }
        Returns: Json
      }
      claim_inbound: { Args: { p_limit?: number; p_now?: string }; Returns: Json }
      claim_jobs: {
        Args: {
          p_ahead?: string
          p_claim_id: string
          p_lanes?: number
          p_lease?: string
          p_now?: string
          p_per_lane?: number
          p_worker_id: string
        }
        Returns: Json
      }
      claim_looks: { Args: { p_limit?: number; p_now?: string }; Returns: Json }
      claim_media_looks: { Args: { p_limit?: number; p_now?: string }; Returns: Json }
      claim_media_uploads: {
        Args: {
          p_lease?: string
          p_limit?: number
          p_most?: number
          p_now?: string
          p_room?: number
        }
        Returns: Json
      }
      claim_object_removals: { Args: { p_limit?: number; p_now?: string }; Returns: Json }
      claim_removals: { Args: { p_limit?: number; p_now?: string }; Returns: Json }
      claim_restored_accounts: { Args: { p_limit?: number; p_now?: string }; Returns: Json }
      claim_subscriptions: {
        Args: { p_cap?: number; p_event_types: string[]; p_limit?: number; p_now?: string }
        Returns: Json
      }
      claim_token_revocations: { Args: { p_limit?: number; p_now?: string }; Returns: Json }
      claim_webhook_check: { Args: { p_event_types: string[]; p_now?: string }; Returns: Json }
      connect_account: { Args: { p_account: Json }; Returns: Json }
      due_duties: { Args: Record<PropertyKey, never>; Returns: Json }
      finish_inbound: {
        Args: {
          p_detail?: string
          p_lease_id: string
          p_now?: string
          p_outcome: string
          p_receipt_id: string
        }
        Returns: Json
      }
      finish_token_revocation: { Args: { p_account_id: string }; Returns: Json }
      get_token_holder: { Args: { p_account_id: string }; Returns: Json }
      give_up_media: { Args: { p_looked_at: string; p_media_id: string }; Returns: Json }
      keep_delivery_worker: { Args: { p_now?: string; p_worker_id: string }; Returns: Json }
      keep_worker: { Args: { p_now?: string; p_worker_id: string }; Returns: Json }
      lease_token_refresh: {
        Args: { p_account_id: string; p_lease: string; p_now?: string; p_version: number }
        Returns: Json
      }
      leave_worker: { Args: { p_is_done: boolean; p_worker_id: string }; Returns: Json }
      link_billing_customer: {
        Args: { p_customer_id: string; p_now?: string; p_user_id: string }
        Returns: Json
      }
      list_open_looks: { Args: { p_network?: string; p_remote_user_id: string }; Returns: Json }
      list_owned_remote_ids: { Args: { p_network?: string; p_remote_ids: string[] }; Returns: Json }
      list_unsent_posts: {
        Args: { p_account_id: string; p_after?: string; p_limit?: number; p_now?: string }
        Returns: Json
      }
      note_refresh_failure: {
        Args: { p_account_id: string; p_error: Json; p_now?: string; p_version: number }
        Returns: Json
      }
      park_subscriptions: { Args: { p_now?: string; p_reason: string }; Returns: Json }
      pass_by_posts: { Args: { p_now?: string; p_posts: Json }; Returns: Json }
      postpone_inbound: {
        Args: { p_error?: string; p_lease_id: string; p_now?: string; p_receipt_id: string }
        Returns: Json
      }
      readiness: { Args: { p_now?: string }; Returns: Json }
      receive_inbound: { Args: { p_now?: string; p_receipts: Json }; Returns: Json }
      record_media: {
        Args: { p_findings: Json; p_media_id: string; p_now?: string }
        Returns: Json
      }
      record_rates: { Args: { p_now?: string; p_windows: Json }; Returns: Json }
      record_usage: { Args: { p_now?: string; p_rows: Json }; Returns: Json }
      require_reauth: {
        Args: {
          p_account_id: string
          p_detail: string
          p_is_certain?: boolean
          p_now?: string
          p_version: number
        }
        Returns: Json
      }
      reserve_account_id: {
        Args: { p_remote_user_id: string; p_workspace_id: string; p_x_app_id: string }
        Returns: Json
      }
      ring_deliver: { Args: Record<PropertyKey, never>; Returns: Json }
      ring_inbound: { Args: Record<PropertyKey, never>; Returns: Json }
      ring_media: { Args: Record<PropertyKey, never>; Returns: Json }
      ring_publish: { Args: Record<PropertyKey, never>; Returns: Json }
      roll_up: { Args: { p_limit?: number; p_now?: string }; Returns: Json }
      save_dispute: {
        Args: { p_dispute: Json; p_lease_id: string; p_now?: string; p_receipt_id: string }
        Returns: Json
      }
      save_envelopes: {
        Args: { p_envelopes: Json; p_key_id: string; p_known_key_ids: string[]; p_now?: string }
        Returns: Json
      }
      save_media_upload: {
        Args: {
          p_account_id: string
          p_lease?: string
          p_lease_id: string
          p_media_id: string
          p_now?: string
          p_progress: Json
        }
        Returns: Json
      }
      save_metrics: {
        Args: { p_claim_id: string; p_now?: string; p_readings: Json; p_released?: Json }
        Returns: Json
      }
      save_profile: {
        Args: { p_account_id: string; p_now?: string; p_profile: Json }
        Returns: Json
      }
      save_refreshed_tokens: {
        Args: {
          p_account_id: string
          p_encrypted_tokens: string
          p_expires_at: string
          p_now?: string
          p_version: number
        }
        Returns: Json
      }
      save_subscription: {
        Args: {
          p_grace: string
          p_lease_id: string
          p_now?: string
          p_reading: number
          p_receipt_id: string
          p_subscription: Json
        }
        Returns: Json
      }
      save_webhook_check: {
        Args: {
          p_at_x: Json
          p_error?: string
          p_event_types: string[]
          p_now?: string
          p_replayed_until: string
          p_webhook_id: string
        }
        Returns: Json
      }
      settle_deliveries: {
        Args: {
          p_claim_id?: string
          p_lease?: string
          p_limit?: number
          p_now?: string
          p_results: Json
          p_worker_id?: string
        }
        Returns: Json
      }
      settle_emails: { Args: { p_now?: string; p_results: Json }; Returns: Json }
      settle_looks: {
        Args: { p_now?: string; p_read_ids?: string[]; p_verdicts: Json }
        Returns: Json
      }
      settle_media_upload: {
        Args: {
          p_account_id: string
          p_ending: Json
          p_lease_id: string
          p_media_id: string
          p_now?: string
        }
        Returns: Json
      }
      settle_object_removals: { Args: { p_keys: string[]; p_now?: string }; Returns: Json }
      settle_removal: {
        Args: {
          p_error?: Json
          p_is_final?: boolean
          p_now?: string
          p_position: number
          p_post_id: string
          p_retry_at?: string
        }
        Returns: Json
      }
      settle_restored_account: {
        Args: {
          p_account_id: string
          p_disputed?: string[]
          p_finds?: Json
          p_look_id: string
          p_now?: string
          p_outcome: string
          p_read_ids?: string[]
        }
        Returns: Json
      }
      settle_subscription: {
        Args: {
          p_account_id: string
          p_error?: string
          p_event_type: string
          p_now?: string
          p_subscription_id: string
        }
        Returns: Json
      }
      stamp_events: { Args: Record<PropertyKey, never>; Returns: Json }
      take_deletion: {
        Args: {
          p_lease_id: string
          p_now?: string
          p_receipt_id: string
          p_remote_id: string
          p_remote_user_id: string
        }
        Returns: Json
      }
      take_mention: {
        Args: {
          p_lease_id: string
          p_mention: Json
          p_now?: string
          p_receipt_id: string
          p_remote_user_id: string
        }
        Returns: Json
      }
      take_oauth_state: { Args: { p_now?: string; p_state_hash: string }; Returns: Json }
      take_revocation: {
        Args: {
          p_lease_id: string
          p_now?: string
          p_receipt_id: string
          p_remote_user_id: string
          p_revoked_at: string
        }
        Returns: Json
      }
    }
    Enums: {
      [_ in never]: never
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
}

type DatabaseWithoutInternals = Omit<Database, '__InternalSupabase'>

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, 'public'>]

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema['Tables'] & DefaultSchema['Views'])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Views'])
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Views'])[TableName] extends {
      Row: infer R
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema['Tables'] & DefaultSchema['Views'])
    ? (DefaultSchema['Tables'] & DefaultSchema['Views'])[DefaultSchemaTableNameOrOptions] extends {
        Row: infer R
      }
      ? R
      : never
    : never

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema['Tables']
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables']
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'][TableName] extends {
      Insert: infer I
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables']
    ? DefaultSchema['Tables'][DefaultSchemaTableNameOrOptions] extends {
        Insert: infer I
      }
      ? I
      : never
    : never

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema['Tables']
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables']
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions['schema']]['Tables'][TableName] extends {
      Update: infer U
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema['Tables']
    ? DefaultSchema['Tables'][DefaultSchemaTableNameOrOptions] extends {
        Update: infer U
      }
      ? U
      : never
    : never

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema['Enums']
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions['schema']]['Enums']
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions['schema']]['Enums'][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema['Enums']
    ? DefaultSchema['Enums'][DefaultSchemaEnumNameOrOptions]
    : never

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema['CompositeTypes']
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions['schema']]['CompositeTypes']
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions['schema']]['CompositeTypes'][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema['CompositeTypes']
    ? DefaultSchema['CompositeTypes'][PublicCompositeTypeNameOrOptions]
    : never

export const Constants = {
  public: {
    Enums: {},
  },
  service: {
    Enums: {},
  },
} as const
