import type { DescField, DescMessage, DescMethod, DescMethodUnary } from "@bufbuild/protobuf";
import { LaneAnswerSchema, LaneCallSchema, PeerService } from "@groundcrew/proto";

/** A call that the lane carries. */
export interface LaneMethod {
  readonly method: DescMethodUnary;
  /** The number of LaneCall's field for the request. */
  readonly requestField: number;
  /** The number of LaneAnswer's field for the response. */
  readonly responseField: number;
}

/** Every call that the lane carries, read from the contract: a field of LaneCall is named like its rpc. */
export const LANE_METHODS: ReadonlyMap<string, LaneMethod> = new Map(
  fieldsOf(LaneCallSchema, "request").map((field) => [field.localName, laneMethod(field)]),
);

function laneMethod(request: DescField): LaneMethod {
  const { localName } = request;
  const method = PeerService.methods.filter(isUnary).find((each) => each.localName === localName);
  const response = fieldsOf(LaneAnswerSchema, "response").find((field) => field.localName === localName);
  if (!method || !response) {
    throw new Error(`LaneCall.${request.name} has no unary rpc of PeerService, or no field of LaneAnswer`);
  }
  return { method, requestField: request.number, responseField: response.number };
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

function fieldsOf({ oneofs }: DescMessage, name: string): DescField[] {
  return oneofs.find((oneof) => oneof.name === name)?.fields ?? [];
}
