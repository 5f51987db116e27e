// Objects in S3, behind a circuit breaker that all instances share. The SDK is loaded with the first use.

import { Problem, unavailable } from "../problem.js";

/** @typedef {typeof import("@aws-sdk/client-s3")} Sdk */
/** @typedef {import("@aws-sdk/client-s3").S3Client} Client */
/** @typedef {{ etag: string, number: number }} Part */

const BREAKER = "object-storage";

export class ObjectStore {
  /**
   * Credentials come from the SDK's default chain: on the cluster, the projected service-account token.
   *
   * @param {{ uploadsBucket: string, awsRegion: string, awsEndpointUrl: string | null }} config
   * @param {import("../redis/breaker.js").Breakers} breakers
   */
  constructor(config, breakers) {
    this.config = config;
    this.breakers = breakers;
    /** @type {Promise<{ sdk: Sdk, client: Client }> | null} */
    this.loading = null;
  }

  /** @param {string} key @param {Buffer} body @param {string} type @returns {Promise<{ etag: string }>} */
  async put(key, body, type) {
    const input = { ...this.#at(key), Body: body, ContentType: type };
    const answer = await this.#call((s3, sdk) => s3.send(new sdk.PutObjectCommand(input)));
    return { etag: answer.ETag ?? "" };
  }

  /** @param {string} key @returns {Promise<{ body: import("node:stream").Readable, type: string, length?: number, etag: string }>} */
  async get(key) {
    const answer = await this.#call((s3, sdk) => s3.send(new sdk.GetObjectCommand(this.#at(key))));
    return {
      body: /** @type {import("node:stream").Readable} */ (answer.Body),
      type: answer.ContentType ?? "application/octet-stream",
      length: answer.ContentLength,
      etag: answer.ETag ?? "",
    };
  }

  /** @param {string} key @param {string} type @param {string} session kept with the object @returns {Promise<string>} id */
  async startMultipart(key, type, session) {
    const input = { ...this.#at(key), ContentType: type, Metadata: { [SESSION]: session } };
    const answer = await this.#call((s3, sdk) => s3.send(new sdk.CreateMultipartUploadCommand(input)));
    return answer.UploadId ?? "";
  }

  /** @param {string} key @param {string} id @param {number} number @param {Buffer} body @returns {Promise<string>} ETag */
  async putPart(key, id, number, body) {
    const input = { ...this.#at(key), UploadId: id, PartNumber: number, Body: body };
    const answer = await this.#call((s3, sdk) => s3.send(new sdk.UploadPartCommand(input)));
    return answer.ETag ?? "";
  }

  /** @param {string} key @param {string} id @param {Part[]} parts @returns {Promise<string>} ETag */
  async completeMultipart(key, id, parts) {
    const list = parts.map(({ etag, number }) => ({ ETag: etag, PartNumber: number }));
    const input = { ...this.#at(key), UploadId: id, MultipartUpload: { Parts: list } };
    const answer = await this.#call((s3, sdk) => s3.send(new sdk.CompleteMultipartUploadCommand(input)));
    return answer.ETag ?? "";
  }

  /** The ETag of an object if that very upload session made it. @param {string} key @param {string} session */
  async madeBy(key, session) {
    try {
      const answer = await this.#call((s3, sdk) => s3.send(new sdk.HeadObjectCommand(this.#at(key))));
      return answer.Metadata?.[SESSION] === session ? (answer.ETag ?? "") : null;
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return null;
      throw error;
    }
  }

  /** Ends idle connections. */
  async close() {
    if (this.loading !== null) (await this.loading).client.destroy();
  }

  /** @param {string} key */
  #at(key) {
    return { Bucket: this.config.uploadsBucket, Key: key };
  }

  /**
   * @template T
   * @param {(s3: Client, sdk: Sdk) => Promise<T>} call
   * @returns {Promise<T>}
   */
  async #call(call) {
    this.loading ??= load(this.config);
    const { sdk, client } = await this.loading;
    try {
      return await this.breakers.guard(BREAKER, () => call(client, sdk), isOutage);
    } catch (error) {
      throw translate(error);
    }
  }
}

const SESSION = "upload-session";

/** @param {{ awsRegion: string, awsEndpointUrl: string | null }} config */
async function load({ awsRegion, awsEndpointUrl }) {
  const sdk = await import("@aws-sdk/client-s3");
  // An endpoint of one's own (AWS_ENDPOINT_URL, read by the SDK itself) has no host name for each bucket.
  const client = new sdk.S3Client({
    region: awsRegion,
    forcePathStyle: awsEndpointUrl !== null,
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 2000, requestTimeout: 20_000 },
  });
  return { sdk, client };
}

/** @param {unknown} error @returns {number | undefined} */
function statusOf(error) {
  const metadata = /** @type {{ $metadata?: { httpStatusCode?: number } }} */ (error).$metadata;
  return metadata?.httpStatusCode;
}

/** Errors that S3 answers on purpose (no such key, access denied) are no outage. @param {unknown} error */
function isOutage(error) {
  const status = statusOf(error);
  return status === undefined || status >= 500 || status === 429;
}

/** @param {unknown} error @returns {unknown} */
function translate(error) {
  if (error instanceof Problem) return error;
  const name = error instanceof Error ? error.name : "";
  if (statusOf(error) === 404) return new Problem(404, name === "NoSuchUpload" ? "the upload is over" : "there is no such file", { cause: error });
  if (name === "EntityTooSmall") return new Problem(422, "every part but the last must have at least 5 MiB", { cause: error });
  if (name === "InvalidPart") return new Problem(422, "a part is missing or was replaced", { cause: error });
  return isOutage(error) ? unavailable("object storage", error) : error;
}
