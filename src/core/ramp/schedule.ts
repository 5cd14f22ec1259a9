import type { RampHours, RampSchedule } from "../../domain/ramp.ts";

/** Why nothing may be raised now; undefined where it may. */
export function scheduleProblem({ startAt, hours, freezes }: RampSchedule, now: number): string | undefined {
  if (startAt !== undefined && now < startAt) return `starts at ${new Date(startAt).toISOString()}`;
  const freeze = freezes.find(({ from, to }) => now >= from && now < to);
  if (freeze !== undefined) return `frozen until ${new Date(freeze.to).toISOString()}: ${freeze.reason}`;
  if (hours === undefined || isWithin(hours, now)) return undefined;
  return `outside of ${hours.from} to ${hours.to} ${hours.timeZone} on the ramp's days`;
}

/** The first moment from `at` on at which something may be raised; undefined where there is none within a year. */
export function nextOpening(schedule: RampSchedule, at: number): number | undefined {
  const { startAt, hours, freezes } = schedule;
  const end = at + yearMs;
  let opening = Math.max(at, startAt ?? at);
  while (scheduleProblem(schedule, opening) !== undefined && opening < end) {
    const freeze = freezes.find(({ from, to }) => opening >= from && opening < to);
    if (freeze !== undefined) opening = freeze.to;
    else if (hours !== undefined) opening = nextBegin(hours, opening);
  }
  return opening < end ? opening : undefined;
}

/** Whether the machine knows it. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const minuteMs = 60_000;
const dayMinutes = 1440;
const yearMs = 365 * dayMinutes * minuteMs;

/** The next time that clocks there show when hours begin; where they are put forward or back meanwhile, the next one comes sooner. */
function nextBegin({ from, timeZone }: RampHours, at: number): number {
  const { minutes } = localTime(at, timeZone);
  const ahead = (minutesOf(from) - minutes + dayMinutes) % dayMinutes || dayMinutes;
  return Math.floor(at / minuteMs) * minuteMs + ahead * minuteMs;
}

function isWithin(hours: RampHours, now: number): boolean {
  const [from, to] = [minutesOf(hours.from), minutesOf(hours.to)];
  const { day, minutes } = localTime(now, hours.timeZone);
  const begins = (on: number) => hours.days.includes(on);
  if (from < to) return begins(day) && minutes >= from && minutes < to;
  const yesterday = day === 1 ? 7 : day - 1;
  return (begins(day) && minutes >= from) || (begins(yesterday) && minutes < to);
}

function minutesOf(text: string): number {
  const [hours = "0", minutes = "0"] = text.split(":");
  return 60 * Number(hours) + Number(minutes);
}

const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function localTime(now: number, timeZone: string): { readonly day: number; readonly minutes: number } {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(now);
  const part = (wanted: string) => parts.find(({ type }) => type === wanted)?.value ?? "";
  return {
    day: days.indexOf(part("weekday")) + 1,
    minutes: 60 * Number(part("hour")) + Number(part("minute")),
  };
}
