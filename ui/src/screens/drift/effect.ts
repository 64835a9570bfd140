import type { ColumnDrift } from "$lib/api/generated/ColumnDrift";
import { number } from "$lib/format";

/** The greatest number that the little scale of a list of columns has to hold; effects end at 1. */
export function scaleOf(columns: readonly ColumnDrift[]): number {
	let most = 0;
	for (const it of columns) most = Math.max(most, it.effect ?? 0, it.interval?.[1] ?? 0, it.threshold);
	return most > 0 && Number.isFinite(most) ? Math.min(1, most * 1.06) : 1;
}

/** Where a number stands on a scale that is `width` wide, never outside of it. */
export function placeOn(value: number, scale: number, width: number): number {
	const share = scale > 0 ? value / scale : 0;
	return Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * width;
}

/** A p-value as people write it: never as nought. */
export function pValue(value: number | null): string {
	if (value === null) return "–";
	if (value < 0.0001) return "< 0.0001";
	return number(value, 2);
}
