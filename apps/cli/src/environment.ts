/** The environment variables that `crew` reads; `crew help environment` prints them. */
export const environmentVariables: readonly { name: string; meaning: string }[] = [
  { name: "GROUNDCREW_URL", meaning: "The server, instead of the current context's. --context and --url win over it." },
  { name: "GROUNDCREW_TOKEN", meaning: "The token, instead of the saved one." },
  {
    name: "GROUNDCREW_FINGERPRINT",
    meaning: "The server certificate to trust, sha256:HEX, instead of the saved one.",
  },
  { name: "GROUNDCREW_DEBUG", meaning: "Not empty: errors come with a stack trace and their causes." },
  { name: "XDG_CONFIG_HOME", meaning: "Contexts are kept in groundcrew/config.yaml below it. Default: ~/.config." },
  { name: "XDG_CACHE_HOME", meaning: "The caches of crew run are kept in groundcrew/run below it. Default: ~/.cache." },
  { name: "NO_COLOR", meaning: "Not empty: no colour." },
  { name: "CLICOLOR", meaning: "0: no colour." },
  { name: "CLICOLOR_FORCE", meaning: "Not empty and not 0: colour, even in a pipe." },
  { name: "TERM", meaning: "dumb: no colour, and lines instead of a picture that is redrawn." },
  { name: "LC_ALL, LC_CTYPE, LANG", meaning: "A locale without UTF-8: symbols in ASCII." },
];
