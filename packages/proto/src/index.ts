// The contract as TypeScript: generated from proto/, never edited. See the .proto files for what each field means.
export * from "./gen/groundcrew/v1/types_pb.ts";
export * from "./gen/groundcrew/v1/peer_pb.ts";
export * from "./gen/groundcrew/v1/session_pb.ts";
export * from "./gen/groundcrew/v1/operator_pb.ts";
