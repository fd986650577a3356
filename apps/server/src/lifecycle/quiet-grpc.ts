// Imported before grpc-js, which reads it once: what it would print of a taken port is said better by our own error.
process.env["GRPC_VERBOSITY"] ??= "NONE";
