// The HTTP contract of the tests, on the public JavaScript runtime. The contract is told where it is tested, in
// crates/cli/tests/http/main.rs.
/// <reference types="@fastly/js-compute" />
import { vCpuTime } from "fastly:compute";
import { env } from "fastly:env";
import { KVStore } from "fastly:kv-store";
import { Logger } from "fastly:logger";

const STORE = "app-store";
const MODES = ["overwrite", "add", "append", "prepend"];

addEventListener("fetch", (event) => event.respondWith(answer(event)));

async function answer(event) {
  const { request } = event;
  const url = new URL(request.url);
  const [, route, rest] = /^\/([^/]*)(?:\/(.*))?$/s.exec(url.pathname) ?? [];
  switch (route) {
    case "kv":
      return rest === undefined ? list(url.searchParams) : entry(request, rest, url.searchParams);
    case "headers":
      return headers(request);
    case "echo":
      return new Response(request.body);
    case "stream":
      return stream(request, Number(rest), url.search === "?abandon");
    case "status":
      return status(rest);
    case "client":
      return client(event);
    case "service":
      return Response.json({
        hostname: env("FASTLY_HOSTNAME"),
        version: Number(env("FASTLY_SERVICE_VERSION")),
        vcpu_ms: vCpuTime(),
        heap_mib: null,
      });
    case "log":
      new Logger("app-log").log(url.search.slice(1));
      return new Response(null, { status: 204 });
    case "early":
      event.waitUntil(later(url.searchParams.get("key") ?? "early"));
      return new Response("later", { status: 202 });
    case "hints":
      event.sendEarlyHints({ link: "</a.css>; rel=preload" });
      event.sendEarlyHints({ link: "</b.js>; rel=preload" });
      return new Response("after the hints");
    case "panic":
    case "error":
      throw new Error("this program failed");
    default:
      return new Response("no such route", { status: 404 });
  }
}

/** Answers `/kv/KEY`. */
async function entry(request, encoded, options) {
  let key;
  try {
    key = decodeURIComponent(encoded);
  } catch {
    return new Response("the key is not UTF-8", { status: 400 });
  }
  const store = new KVStore(STORE);
  try {
    switch (request.method) {
      case "GET":
      case "HEAD":
        return found(await store.get(key));
      case "PUT": {
        const put = {};
        if (options.has("mode")) put.mode = options.get("mode");
        // The runtime takes any other word for `overwrite`.
        if (put.mode && !MODES.includes(put.mode)) return new Response("an option is wrong", { status: 400 });
        if (options.has("ttl")) put.ttl = Number(options.get("ttl"));
        if (request.headers.has("metadata")) put.metadata = request.headers.get("metadata");
        if (request.headers.has("if-generation-match")) put.gen = Number(request.headers.get("if-generation-match"));
        // A stream goes into the store as it comes, but the runtime then waits for no outcome and ignores `gen`.
        const value = options.has("stream") ? request.body : await request.arrayBuffer();
        await store.put(key, value, put);
        return new Response(null, { status: 201 });
      }
      case "DELETE":
        await store.delete(key);
        return new Response(null, { status: 204 });
      default:
        return new Response(null, { status: 405 });
    }
  } catch (error) {
    return failure(error);
  }
}

function found(entry) {
  if (entry === null) return new Response("not found", { status: 404 });
  const metadata = entry.metadataText();
  return new Response(entry.body, { headers: metadata ? { metadata } : {} });
}

/** Answers `/kv`. */
async function list(options) {
  const store = new KVStore(STORE);
  try {
    if (options.has("keys")) {
      const keys = options.get("keys").split(",");
      const value = async (key) => [key, (await (await store.get(key))?.text()) ?? null];
      return Response.json(Object.fromEntries(await Promise.all(keys.map(value))));
    }
    const page = {};
    for (const name of ["prefix", "cursor"]) {
      if (options.has(name)) page[name] = options.get(name);
    }
    if (options.has("limit")) page.limit = Number(options.get("limit"));
    const { list: keys, cursor } = await store.list(page);
    return Response.json({ keys, cursor: cursor ?? null });
  } catch (error) {
    return failure(error);
  }
}

/** The runtime has no codes for what went wrong, only messages. */
function failure(error) {
  const text = String(error);
  const statuses = [
    [/not found/i, 404],
    [/precondition/i, 412],
    [/too large|maximum/i, 413],
    [/too many requests/i, 429],
    [/bad request/i, 400],
  ];
  const known = statuses.find(([pattern]) => pattern.test(text));
  // What the runtime refuses by itself are arguments.
  const status = known?.[1] ?? (error instanceof TypeError || error instanceof RangeError ? 400 : 500);
  return new Response(text, { status });
}

function headers(request) {
  const seen = [...request.headers];
  const response = new Headers({ "content-type": "application/json" });
  for (const [name, value] of seen) {
    if (name.startsWith("x-")) response.append(name, value);
  }
  const removed = response.has("x-remove");
  response.delete("x-remove");
  const removed_again = response.has("x-remove");
  response.append("set-cookie", "a=1");
  response.append("set-cookie", "b=2");
  response.append("x-replaced", "old");
  response.set("x-replaced", "new");
  return new Response(JSON.stringify({ seen, removed, removed_again }), { headers: response });
}

function stream(request, count, abandon) {
  if (!Number.isInteger(count)) return new Response("not a number", { status: 400 });
  const encoder = new TextEncoder();
  let number = 0;
  const source = {
    async pull(controller) {
      if (number < count) return controller.enqueue(encoder.encode(`chunk ${number++}\n`));
      if (!abandon) return controller.close();
      // The client has seen the chunks when it ends its body.
      await request.arrayBuffer();
      controller.error(new Error("abandoned"));
    },
  };
  return new Response(new ReadableStream(source));
}

function status(text) {
  const status = Number(text);
  if (!(status >= 200 && status <= 599)) return new Response("no such status", { status: 400 });
  const has_body = ![204, 205, 304].includes(status);
  return new Response(has_body ? `status ${text}` : null, { status });
}

function client({ client, request }) {
  const { address, requestId: request_id } = client;
  return Response.json({ address, request_id, method: request.method, url: request.url, version: null });
}

async function later(key) {
  await new KVStore(STORE).put(key, "written after the answer");
}
