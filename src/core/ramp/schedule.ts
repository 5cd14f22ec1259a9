import type { RampHours, RampSchedule } from "../../domain/ramp.ts";

/** Why nothing may be raised now; undefined where it may. */
export function scheduleProblem({ startAt, hours, freezes }: RampSchedule, now: number): string | undefined {
  if (startAt !== undefined && now < startAt) return `starts at ${new Date(startAt).toISOString()}`;
  const freeze = freezes.find(({ from, to }) => now >= from && now < to);
  if (freeze !== undefined) return `frozen until ${new Date(freeze.to).toISOString()}: ${freeze.reason}`;
  if (hours === undefined || isWithin(hours, now)) return undefined;
  return `outside of ${hours.from} to ${hours.to} ${hours.timeZone} on the ramp's days`;
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
