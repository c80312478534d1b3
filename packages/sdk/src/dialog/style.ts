/** Colours are the system's, so that dark mode, forced colours and the page's `color-scheme` need nothing more. */
export const css = `
dialog{box-sizing:border-box;inline-size:min(26rem,100vw - 2rem);padding:1.5rem;border:1px solid color-mix(in srgb,currentColor 20%,transparent);border-radius:var(--tm-radius,1rem);background:var(--tm-background,Canvas);color:var(--tm-color,CanvasText);font:var(--tm-font,1rem/1.5 system-ui,sans-serif);box-shadow:0 1rem 3rem #0005;text-align:start}
dialog::backdrop{background:var(--tm-backdrop,#000a)}
@keyframes tm{from{opacity:0;transform:translateY(.5rem)}}
h2{outline:0;margin:0 0 .5rem;font-size:1.375em;line-height:1.25;font-variant-numeric:tabular-nums}
p{margin:0;overflow-wrap:anywhere}
h2,p{unicode-bidi:plaintext}
div:not(:empty){display:flex;flex-wrap:wrap;gap:.5rem;margin-block-start:1.25rem}
button{flex:1 1 auto;min-block-size:2.75rem;padding:.5rem 1rem;border:1px solid;border-radius:calc(var(--tm-radius,1rem)*.6);background:0;color:inherit;font:inherit;font-weight:600;cursor:pointer}
button:first-child{border-color:transparent;background:var(--tm-accent,CanvasText);color:var(--tm-on-accent,Canvas)}
button:focus-visible{outline:3px solid var(--tm-focus,var(--tm-color,CanvasText));outline-offset:2px}
[aria-busy]{opacity:.6;cursor:wait}
[role=status]{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%)}
@media(prefers-reduced-motion:no-preference){dialog{animation:tm .2s ease-out}}
@media(forced-colors:active){button:first-child{border-color:ButtonText;background:0;color:inherit}}
`
