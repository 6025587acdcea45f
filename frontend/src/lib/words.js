/* Words of the scripts: the page carries them translated in <body data-words-…>. */
export function word(name) {
  return document.body.dataset[`words${name}`] ?? "";
}

export function language() {
  return document.documentElement.lang || "es";
}
