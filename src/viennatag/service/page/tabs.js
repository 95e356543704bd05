/**
 * One tab works, all others only show: two would overwrite each other's decisions.
 *
 * The last tab that was opened or asked to continue works. It waits until the one before has let go. Each tab has a claim;
 * the later one wins, and of two from the same moment, when a browser opens its tabs again, always the same.
 */

const WAIT_MS = 300; // a tab that the browser has put to sleep does not answer
const KEY = "viennatag-writer";

const beats = (one, other) => one.at > other.at || (one.at === other.at && one.id > other.id);

/** Return the claim that this browser keeps; null without one. */
function kept() {
  try {
    const claim = JSON.parse(localStorage.getItem(KEY));
    return typeof claim?.at === "number" ? claim : null;
  } catch {
    return null; // then the channel alone must do
  }
}

/** Take the work over; `lost` is called when another tab does. Returns a function that tells whether this tab works. */
export async function takeOver(lost) {
  const id = crypto.getRandomValues(new Uint32Array(2)).join();
  const mine = { at: Math.max(Date.now(), (kept()?.at ?? 0) + 1), id };
  const channel = new BroadcastChannel("viennatag");
  let working = true;
  const letGo = () => {
    if (working) lost();
    working = false;
  };
  const claim = () => {
    try {
      localStorage.setItem(KEY, JSON.stringify(mine));
    } catch {
      /* the others hear it all the same */
    }
    channel.postMessage({ claim: mine });
  };
  const released = new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (data.claim && beats(data.claim, mine)) {
        letGo();
        channel.postMessage({ released: data.claim.id });
      } else if (data.claim && working) claim(); // it was opened at the same moment and has not heard of this tab
      if (data.released === id) resolve();
    };
  });
  claim();
  await Promise.race([released, new Promise((resolve) => setTimeout(resolve, WAIT_MS))]);
  return () => {
    const last = kept();
    if (last && beats(last, mine)) letGo(); // the message may still be on its way
    return working;
  };
}
