import type { TlsIdentity } from "@groundcrew/rpc/server";

/** A self-signed certificate for 127.0.0.1 and localhost, valid until 2126, and its key: for tests only. */
export const testIdentity: TlsIdentity = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUZpjUvkoNSVp4iHH5yAeUO45J2/kwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJY3JldyB0ZXN0MCAXDTI2MTEyMTE4MTMwNloYDzIxMjYxMDI4
MTgxMzA2WjAUMRIwEAYDVQQDDAljcmV3IHRlc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQIPSO2KVadkYU7PS4I6IxvN+X1QrTGAv6QJBzGxlaJXxLAe9el/ju4
0/8kXTY4Hyyi98fQ30mO3A4yOlPtKfrko28wbTAdBgNVHQ4EFgQUgMzWvso+bU7j
MBP2a9omCD/sOdswHwYDVR0jBBgwFoAUgMzWvso+bU7jMBP2a9omCD/sOdswDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSQAwRgIhALQ2ginCSWNdnV9pveNcq1BTltFrcRztKGCTV7SOGvOcAiEA
jOW1A3Z1ZyoWmkUL0cOBdg917BttC6m0D485dnmAlKw=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgycfZnMLKb8hYM5JF
EEvClWu5K6ca+8Qdk9yfuxYbrdyhRANCAAQIPSO2KVadkYU7PS4I6IxvN+X1QrTG
Av6QJBzGxlaJXxLAe9el/ju40/8kXTY4Hyyi98fQ30mO3A4yOlPtKfrk
-----END PRIVATE KEY-----
`,
};
