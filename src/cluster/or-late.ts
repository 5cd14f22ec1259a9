/**
 * What it comes to, or undefined when that takes longer. Half the time is given twice: were this process to stand still for all of
 * it, what has come meanwhile would be read after the clock.
 */
export async function orLate<T>(answer: Promise<T>, milliseconds: number): Promise<T | undefined> {
  return (await orHalfLate(answer, milliseconds / 2)) ?? orHalfLate(answer, milliseconds / 2);
}

async function orHalfLate<T>(answer: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
