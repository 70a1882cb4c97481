// setTimeout for a world that can't wait: a callback runs when nothing else can, the shortest delay
// first, without its delay having passed.

const timers = new Map();
let last = 0;

export function setTimeout(callback, delay = 0, ...values) {
    if (typeof callback !== "function") {
        throw new TypeError("setTimeout takes a function");
    }
    last += 1;
    timers.set(last, { due: Math.max(0, Number(delay) || 0), callback, values });
    return last;
}

export function clearTimeout(timer) {
    timers.delete(timer);
}

/** Runs the callback that is due next; says whether there was one. */
export function runNext() {
    let next;
    for (const [number, timer] of timers) {
        if (next === undefined || timer.due < timers.get(next).due) {
            next = number;
        }
    }
    if (next === undefined) {
        return false;
    }
    const { due, callback, values } = timers.get(next);
    timers.delete(next);
    for (const timer of timers.values()) {
        timer.due -= due;
    }
    callback(...values);
    return true;
}
