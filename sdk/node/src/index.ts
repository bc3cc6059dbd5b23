export type { Channel, ChannelAlert, ChannelHours, ChannelKind, ChannelParams, ChannelSettings, ChannelTest, ChannelUpdate } from "./channels.js";
export { HeartbeatClient } from "./client.js";
export {
  APIError,
  ConnectionError,
  isForbidden,
  isInvalid,
  isNotFound,
  isQuotaExceeded,
  isRateLimited,
  isUnauthorized,
  isUnavailable,
  isUnknownOutcome,
} from "./errors.js";
export { DEFAULT_BASE_URL, type ClientOptions } from "./options.js";
export { MAX_BODY_BYTES, type PingOptions, type PingStatus } from "./pings.js";
export type { TemplatePreview, Templates, TemplateSet } from "./templates.js";
export type { Badge, BadgeParams, PageHeartbeat, StatusPage, StatusPageParams } from "./published.js";
export type {
  CallOptions,
  ClusterEvent,
  ClusterNode,
  AckParams,
  Alert,
  EventIncident,
  EventsParams,
  ExplainedTarget,
  Explanation,
  CreateParams,
  EnsureParams,
  Heartbeat,
  HeartbeatPing,
  HeartbeatStatus,
  Incident,
  IncidentEvent,
  IncidentsParams,
  ListParams,
  OpenIncident,
  PauseOptions,
  RotateOptions,
  PingsParams,
  PreviewParams,
  SchedulePreview,
  Suggestion,
  Suggestions,
  SuggestParams,
  Trial,
  UpdateParams,
  Uptime,
  UptimeDay,
} from "./types.js";
export type { MaintenanceWindow, WindowParams } from "./windows.js";
