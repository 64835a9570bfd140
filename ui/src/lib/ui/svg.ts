/** Elements that draw. Everything else is dropped, and with it whatever it holds: script, style, foreignObject, links, animation. */
const ELEMENTS = new Set([
	"svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan",
	"clippath", "lineargradient", "radialgradient", "stop", "marker", "pattern",
]);

/** Attributes that place and paint. No handlers, no references to anything outside, no inline style (the policy refuses it). */
const ATTRIBUTES = new Set([
	"class", "id", "d", "points", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "dx", "dy", "width", "height",
	"viewbox", "preserveaspectratio", "transform", "fill", "fill-opacity", "fill-rule", "clip-rule", "clip-path", "stroke",
	"stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "opacity",
	"font-size", "font-family", "font-weight", "font-style", "text-anchor", "dominant-baseline", "alignment-baseline", "rotate",
	"textlength", "lengthadjust", "offset", "stop-color", "stop-opacity", "gradientunits", "gradienttransform", "clippathunits",
	"markerwidth", "markerheight", "refx", "refy", "orient", "patternunits", "role", "aria-label", "aria-hidden", "aria-labelledby",
	"xmlns", "data-series", "data-mark", "shape-rendering", "vector-effect",
]);

function isSafe(name: string, value: string): boolean {
	if (!ATTRIBUTES.has(name)) return false;
	// url(#id) stays inside the figure; anything else would fetch.
	return !/url\s*\(\s*['"]?\s*(?!['"]?#)/i.test(value) && !/javascript:/i.test(value);
}

function clean(element: Element): void {
	for (const attribute of [...element.attributes]) {
		if (!isSafe(attribute.name.toLowerCase(), attribute.value)) element.removeAttribute(attribute.name);
	}
	for (const child of [...element.children]) {
		if (ELEMENTS.has(child.localName.toLowerCase())) clean(child);
		else child.remove();
	}
}

/** Reads the SVG of a figure and keeps what only draws; `null` if it is no SVG. */
export function parseFigure(source: string): SVGSVGElement | null {
	const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
	const root = parsed.documentElement;
	if (root === null || root.localName.toLowerCase() !== "svg" || parsed.querySelector("parsererror") !== null) return null;
	clean(root);
	return document.importNode(root, true) as unknown as SVGSVGElement;
}

const PAINT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-family", "font-weight"] as const;

/** The figure as it looks now, with the theme's colours written into it, so that it looks the same anywhere. */
export function standalone(svg: SVGSVGElement, background: string): string {
	const copy = svg.cloneNode(true) as SVGSVGElement;
	const from = [svg, ...svg.querySelectorAll("*")];
	const into = [copy, ...copy.querySelectorAll("*")];
	from.forEach((element, i) => {
		const target = into[i];
		if (!target) return;
		const style = getComputedStyle(element);
		for (const name of PAINT) {
			const value = style.getPropertyValue(name);
			if (value !== "") target.setAttribute(name, value);
		}
	});
	copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
	const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
	paper.setAttribute("width", "100%");
	paper.setAttribute("height", "100%");
	paper.setAttribute("fill", background);
	copy.prepend(paper);
	return new XMLSerializer().serializeToString(copy);
}

/** Draws an SVG as PNG at twice its size. */
export async function toPng(source: string, width: number, height: number): Promise<Blob> {
	const image = new Image();
	image.src = URL.createObjectURL(new Blob([source], { type: "image/svg+xml" }));
	try {
		await image.decode();
		const canvas = document.createElement("canvas");
		canvas.width = width * 2;
		canvas.height = height * 2;
		const context = canvas.getContext("2d");
		if (context === null) throw new Error("This window cannot draw images. Save the figure as SVG instead.");
		context.drawImage(image, 0, 0, canvas.width, canvas.height);
		return await new Promise((resolve, reject) =>
			canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The figure is too large for a PNG. Save it as SVG instead."))), "image/png"),
		);
	} finally {
		URL.revokeObjectURL(image.src);
	}
}
