import { describe, expect, it } from "vitest";
import { ago, asSentence, bytes, counted, duration, number, readable, shortDigest } from "$lib/format";

describe("numbers as a person reads them", () => {
	it.each([
		[0, "0"], [41203, (41203).toLocaleString()], [0.82115678, "0.8212"], [1234.5678, (1235).toLocaleString()], [Number.NaN, "not a number"], [0.00001234, "1.234 × 10^−5"], [null, "–"],
	])("%s is %s", (value, text) => expect(number(value)).toBe(text));

	it("tells thousands apart on a machine without a locale, too", () => {
		expect(new Intl.NumberFormat("en-US-u-va-posix").format(1_000_000)).toBe("1000000");
		expect(new Intl.NumberFormat(readable("en-US-u-va-posix")).format(1_000_000)).toBe("1,000,000");
		expect(readable("de-AT")).toBe("de-AT");
	});

	it("makes a sentence of a clause", () => {
		expect(asSentence("a classifier can tell them apart (AUC 0.912)")).toBe("A classifier can tell them apart (AUC 0.912).");
		expect(asSentence("It is one.")).toBe("It is one.");
	});

	it.each([[0, "0 B"], [999, "999 B"], [1000, "1 kB"], [999_999, "1 MB"], [8_412_330_112, "8.41 GB"], [null, "–"]])("%s bytes are %s", (value, text) => expect(bytes(value)).toBe(text));

	it.each([[0.25, "250 ms"], [12.34, "12.3 s"], [192, "3 min 12 s"], [3599.7, "1 h 0 min"], [90_000, "1 d 1 h"], [Number.NaN, "–"]])("%s seconds are %s", (value, text) => expect(duration(value)).toBe(text));

	it("says times from now, in both directions, and leaves nonsense as it is", () => {
		const now = Date.parse("2026-11-24T12:00:00Z");
		expect(ago("2026-11-24T11:59:30Z", now)).toBe("just now");
		expect(ago("2026-11-24T11:48:00Z", now)).toBe("12 minutes ago");
		expect(ago("2026-11-27T13:00:00Z", now)).toBe("in 3 days");
		expect(ago("yesterday", now)).toBe("yesterday");
	});

	it("counts, and shortens digests", () => {
		expect(counted(1, "file")).toBe("1 file");
		expect(counted(0, "file")).toBe("0 files");
		expect(shortDigest(`sha256:${"ab".repeat(32)}`)).toBe("abababababab");
	});
});
