/**
 * Images and decisions in the browser's IndexedDB, so that they survive a reload.
 *
 * Images have a table of their own, so that a decision writes a few kilobytes and not the image.
 */

const TABLES = ["marks", "images", "settings"];

const result = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/**
 * Return the store; `persistent` is false if the browser has none, and all is lost on reload.
 *
 * @param works tells whether this tab may write; without leave a write does nothing.
 * @param name of the database: each user of a team has their own.
 */
export async function openStore(works, name = "viennatag") {
  try {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => TABLES.forEach((name) => request.result.createObjectStore(name));
    const database = await result(request);
    navigator.storage?.persist?.().catch(() => false); // asks the browser not to clear it when the disk is full
    return new Store(database, works);
  } catch {
    return new Memory();
  }
}

class Store {
  persistent = true;

  constructor(database, works) {
    this.database = database;
    this.works = works;
  }

  #table(name, mode) {
    return this.database.transaction(name, mode).objectStore(name);
  }

  all(name) {
    return result(this.#table(name, "readonly").getAll());
  }

  get(name, key) {
    return result(this.#table(name, "readonly").get(key));
  }

  put(name, key, value) {
    return this.putAll(name, [[key, value]]);
  }

  /** Store [key, value] pairs, all or none. */
  putAll(name, pairs) {
    return this.#write(name, (table) => pairs.forEach(([key, value]) => table.put(value, key)));
  }

  delete(name, key) {
    return this.#write(name, (table) => table.delete(key));
  }

  clear(name) {
    return this.#write(name, (table) => table.clear());
  }

  /** Commit at once: an uncommitted transaction is lost if the page is reloaded in the same moment. */
  #write(name, change) {
    if (!this.works()) return Promise.resolve();
    const table = this.#table(name, "readwrite");
    const { transaction } = table;
    const written = new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("the browser stopped the write"));
    });
    change(table);
    transaction.commit();
    return written;
  }
}

class Memory {
  persistent = false;
  #tables = Object.fromEntries(TABLES.map((name) => [name, new Map()]));

  async all(name) {
    return [...this.#tables[name].values()];
  }

  async get(name, key) {
    return this.#tables[name].get(key);
  }

  async put(name, key, value) {
    this.#tables[name].set(key, value);
  }

  async putAll(name, pairs) {
    for (const [key, value] of pairs) this.#tables[name].set(key, value);
  }

  async delete(name, key) {
    this.#tables[name].delete(key);
  }

  async clear(name) {
    this.#tables[name].clear();
  }
}
