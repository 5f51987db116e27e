// One JSON object a line on standard output; nothing that looks like a credential passes.

/** @typedef {Record<string, unknown>} Fields */
/** @typedef {{ debug: LogMethod, info: LogMethod, warn: LogMethod, error: LogMethod }} Log */
/** @typedef {(message: string, fields?: Fields) => void} LogMethod */

const RANK = { debug: 10, info: 20, warn: 30, error: 40 };

/**
 * @param {{ service: string, instance: string, role: string, logLevel: string }} about told on every line
 * @param {(line: string) => void} [write]
 * @returns {Log}
 */
export function createLog(about, write = (line) => void process.stdout.write(line)) {
  const least = RANK[/** @type {keyof typeof RANK} */ (about.logLevel)];
  const { service, instance, role } = about;
  /** @param {keyof typeof RANK} level @returns {LogMethod} */
  const at = (level) => (message, fields = {}) => {
    if (RANK[level] < least) return;
    const line = { time: new Date().toISOString(), level, service, role, instance, message, ...fields };
    write(`${redact(JSON.stringify(line, plain))}\n`);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/**
 * Take the user information out of every URL in a text.
 *
 * @param {string} text
 */
export function redact(text) {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'/@]*(?:@[^\s"'/@]*)*@/gi, "$1***@");
}

/** @param {string} _key @param {unknown} value */
function plain(_key, value) {
  if (!(value instanceof Error)) return value;
  const code = "code" in value ? value.code : undefined;
  return { name: value.name, message: value.message, code, stack: value.stack };
}
