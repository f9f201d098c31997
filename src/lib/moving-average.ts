/** The older a figure, the less it counts. */
export const movingAverage = (average: number, figure: number): number => average * 0.8 + figure * 0.2
