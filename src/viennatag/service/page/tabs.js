/**
 * One tab works, all others only show: two would overwrite each other's decisions.
 *
 * The last tab that was opened or asked to continue works. It waits until the one before has let go.
 */

const WAIT_MS = 300; // a tab that the browser has put to sleep does not answer

/** Take the work over; `lost` is called when another tab does. Returns a function that tells whether this tab works. */
export async function takeOver(lost) {
  const me = crypto.getRandomValues(new Uint32Array(2)).join();
  const channel = new BroadcastChannel("viennatag");
  let working = true;
  let fenced = true;
  const letGo = () => {
    if (working) lost();
    working = false;
  };
  const released = new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (data.takenBy && data.takenBy !== me) {
        letGo();
        channel.postMessage({ released: data.takenBy });
      }
      if (data.released === me) resolve();
    };
  });
  try {
    localStorage.setItem("viennatag-writer", me);
  } catch {
    fenced = false; // then the channel alone must do
  }
  channel.postMessage({ takenBy: me });
  await Promise.race([released, new Promise((resolve) => setTimeout(resolve, WAIT_MS))]);
  return () => {
    try {
      if (fenced && localStorage.getItem("viennatag-writer") !== me) letGo(); // the message may still be on its way
    } catch {
      fenced = false;
    }
    return working;
  };
}
