// Glyphs as elements.
import { h, type JSX } from "preact";
import { ICONS, type IconName, KINDS, type KindGlyph, type Shape } from "./glyphs.ts";

/** A state's or button's glyph; it says nothing by itself. */
export function Icon({
  name,
  class: more = "",
}: {
  readonly name: IconName;
  readonly class?: string;
}): JSX.Element {
  return <Glyph shapes={ICONS[name]} class={`i ${more}`.trim()} />;
}

/** A kind's glyph, with its word where no other word says it. */
export function Kind({ name, label }: { readonly name: KindGlyph; readonly label?: string }): JSX.Element {
  return <Glyph shapes={KINDS[name]} class={`k k-${name}`} label={label} />;
}

function Glyph(props: {
  readonly shapes: readonly Shape[];
  readonly class: string;
  readonly label?: string | undefined;
}): JSX.Element {
  const shapes = props.shapes.map(([element, attributes]) => h(element, attributes));
  if (props.label === undefined) {
    return (
      <svg class={props.class} viewBox="0 0 12 12" aria-hidden="true">
        {shapes}
      </svg>
    );
  }
  return (
    <svg class={props.class} viewBox="0 0 12 12" role="img" aria-label={props.label}>
      <title>{props.label}</title>
      {shapes}
    </svg>
  );
}
