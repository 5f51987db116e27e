// Room for a few at a time; the others wait in turn.

export class Gate {
  /** @param {number} room */
  constructor(room) {
    this.room = room;
    /** @type {(() => void)[]} */
    this.waiting = [];
  }

  /** @returns {Promise<() => void>} call it, once or more, to make room again */
  async enter() {
    if (this.room > 0) this.room -= 1;
    else await new Promise((resolve) => this.waiting.push(() => resolve(undefined)));
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = this.waiting.shift();
      if (next) next();
      else this.room += 1;
    };
  }
}
