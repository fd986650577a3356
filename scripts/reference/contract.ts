/** The image that `buf build -o -#format=json` prints, as far as it is read here. */
export interface Image {
  file: FileProto[];
}

interface FileProto {
  name: string;
  bufExtension?: { isImport?: boolean };
  service?: ServiceProto[];
  messageType?: MessageProto[];
  enumType?: EnumProto[];
  sourceCodeInfo?: { location: { path?: number[]; leadingComments?: string }[] };
}

interface ServiceProto {
  name: string;
  method: MethodProto[];
}

interface MethodProto {
  name: string;
  inputType: string;
  outputType: string;
  clientStreaming?: boolean;
  serverStreaming?: boolean;
  options?: { "[groundcrew.v1.access]"?: string };
}

interface MessageProto {
  name: string;
  field?: FieldProto[];
  nestedType?: MessageProto[];
  oneofDecl?: { name: string }[];
  options?: { mapEntry?: boolean };
}

interface FieldProto {
  name: string;
  number: number;
  label: string;
  type: string;
  typeName?: string;
  oneofIndex?: number;
  proto3Optional?: boolean;
}

interface EnumProto {
  name: string;
  value: { name: string; number?: number }[];
}

/** The contract as its reference page tells it. Types are names without their package. */
export interface Contract {
  services: Service[];
  messages: Message[];
  enums: Enum[];
}

/** One service. */
export interface Service {
  name: string;
  comment: string;
  methods: Method[];
}

/** One rpc. */
export interface Method {
  name: string;
  comment: string;
  request: string;
  response: string;
  streamsRequests: boolean;
  streamsResponses: boolean;
  /** The value of the access option, such as "ACCESS_VIEWER". */
  access: string;
}

/** One message. */
export interface Message {
  name: string;
  comment: string;
  fields: Field[];
  /** Groups of fields of which one is set. */
  oneofs: { name: string; comment: string }[];
}

/** One field. */
export interface Field {
  name: string;
  number: number;
  comment: string;
  /** "", "repeated " or "optional ". */
  label: string;
  /** Scalar types and names of messages and enums: one, or the key's and the value's of a map. */
  types: [string] | [key: string, value: string];
  /** The group it belongs to. */
  oneof: string | undefined;
}

/** One enum. */
export interface Enum {
  name: string;
  comment: string;
  values: { name: string; number: number; comment: string }[];
}

// Field numbers of descriptor.proto: a comment's place is told as a path of these and of indexes.
const FILE = { message: 4, enum: 5, service: 6 };
const MESSAGE = { field: 2, oneof: 8 };
const MEMBER = 2;

/** What an image says about the project's own files, in their order, without what they import. */
export function readContract({ file }: Image): Contract {
  const own = file.filter(({ bufExtension }) => !bufExtension?.isImport);
  const files = own.map((proto) => ({ proto, comment: commentsOf(proto) }));
  return {
    services: files.flatMap(({ proto, comment }) =>
      (proto.service ?? []).map((each, index) => readService(each, [FILE.service, index], comment)),
    ),
    messages: files.flatMap(({ proto, comment }) =>
      (proto.messageType ?? []).map((each, index) => readMessage(each, [FILE.message, index], comment)),
    ),
    enums: files.flatMap(({ proto, comment }) =>
      (proto.enumType ?? []).map((each, index) => readEnum(each, [FILE.enum, index], comment)),
    ),
  };
}

/** The comment on what is at a path, in one line. */
type CommentAt = (...path: number[]) => string;

function commentsOf({ sourceCodeInfo }: FileProto): CommentAt {
  const comments = new Map<string, string>();
  for (const { path, leadingComments } of sourceCodeInfo?.location ?? []) {
    if (path && leadingComments !== undefined) comments.set(path.join("."), inOneLine(leadingComments));
  }
  return (...path) => comments.get(path.join(".")) ?? "";
}

function inOneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, " ");
}

function readService({ name, method }: ServiceProto, path: number[], comment: CommentAt): Service {
  const methods = method.map((each, index) => ({
    name: each.name,
    comment: comment(...path, MEMBER, index),
    request: shortName(each.inputType),
    response: shortName(each.outputType),
    streamsRequests: each.clientStreaming ?? false,
    streamsResponses: each.serverStreaming ?? false,
    access: each.options?.["[groundcrew.v1.access]"] ?? "",
  }));
  return { name, comment: comment(...path), methods };
}

function readMessage(message: MessageProto, path: number[], comment: CommentAt): Message {
  const fields = (message.field ?? []).map((field, index) => ({
    ...readField(field, message),
    comment: comment(...path, MESSAGE.field, index),
  }));
  // An optional field is a group of its own on the wire, which nobody named.
  const oneofs = (message.oneofDecl ?? []).map(({ name }, index) => ({
    name,
    comment: comment(...path, MESSAGE.oneof, index),
  }));
  const named = oneofs.filter(({ name }) => fields.some(({ oneof }) => oneof === name));
  return { name: message.name, comment: comment(...path), fields, oneofs: named };
}

function readField(field: FieldProto, message: MessageProto): Omit<Field, "comment"> {
  const { name, number, proto3Optional, oneofIndex } = field;
  const types = mapTypes(field, message) ?? [typeName(field)];
  const repeated = field.label === "LABEL_REPEATED" && types.length === 1;
  const label = repeated ? "repeated " : proto3Optional ? "optional " : "";
  const oneof = proto3Optional || oneofIndex === undefined ? undefined : message.oneofDecl?.[oneofIndex]?.name;
  return { name, number, label, types, oneof };
}

/** A map is a list of entries on the wire; its types are those of an entry's two fields. */
function mapTypes({ typeName: entryName }: FieldProto, { nestedType }: MessageProto): [string, string] | undefined {
  const entry = nestedType?.find(({ name, options }) => options?.mapEntry && entryName?.endsWith(`.${name}`));
  const [key, value] = entry?.field ?? [];
  return key && value ? [typeName(key), typeName(value)] : undefined;
}

/** "int64" for TYPE_INT64; the name of a message or enum. */
function typeName({ type, typeName }: FieldProto): string {
  return typeName === undefined ? type.replace("TYPE_", "").toLowerCase() : shortName(typeName);
}

function shortName(fullName: string): string {
  return fullName.replace(/^\.groundcrew\.v1\./, "").replace(/^\./, "");
}

function readEnum({ name, value }: EnumProto, path: number[], comment: CommentAt): Enum {
  const values = value.map((each, index) => ({
    name: each.name,
    number: each.number ?? 0,
    comment: comment(...path, MEMBER, index),
  }));
  return { name, comment: comment(...path), values };
}
