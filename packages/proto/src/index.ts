// The contract as TypeScript. src/gen is generated from proto/ and never edited: see the .proto files for what each
// field means. Beside it stands what both ends of a message must do alike.
export * from "./gen/groundcrew/v1/types_pb.ts";
export * from "./gen/groundcrew/v1/peer_pb.ts";
export * from "./gen/groundcrew/v1/session_pb.ts";
export * from "./gen/groundcrew/v1/operator_pb.ts";
export {
  countLines,
  countNewlines,
  countTextBytes,
  isSound,
  skipLines,
  toEntries,
  type LogLines,
} from "./log-lines.ts";
