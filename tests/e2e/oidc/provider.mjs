// An OpenID provider for the tests: oidc-provider, certified, with the login and consent pages that it brings for development.
//
//	node provider.mjs REDIRECT_URI
//
// Listens on a port that the kernel chose and says so: "listening ISSUER". Whoever signs in is whom they type, with NAME@example.org, which is verified
// unless the name begins with "un"; who begins with "ops" is in the group ops. Commands on stdin, a line each: "slow": the token endpoint does not
// answer any more; "fast": it does, also to those that wait. Ends with its stdin.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { default: Provider } = await import(createRequire(`${process.env.OIDC_MODULES}/`).resolve("oidc-provider"));

let waiting = null; // those that wait while it is slow
const server = createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{ client_id: "sluice", client_secret: "the-client-secret-of-the-tests", redirect_uris: [process.argv[2]] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["preferred_username"], groups: ["groups"] },
  scopes: ["openid", "profile", "email", "groups"],
  pkce: { required: () => true, methods: ["S256"] },
  cookies: { keys: ["only for tests"] },
  findAccount: (context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      preferred_username: id,
      email: `${id}@example.org`,
      email_verified: !id.startsWith("un"),
      groups: id.startsWith("ops") ? ["ops"] : [],
    }),
  }),
});
const answer = provider.callback();

server.on("request", (request, response) => {
  if (waiting && request.url.startsWith("/token")) waiting.push([request, response]);
  else answer(request, response);
});

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const waited = waiting ?? [];
    waiting = line === "slow" ? waited : null;
    if (!waiting) waited.forEach(([request, response]) => answer(request, response));
    console.log(`is ${line}`);
  })
  .on("close", () => process.exit(0));
console.log(`listening ${issuer}`);
