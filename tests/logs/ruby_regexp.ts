/**
 * Ruby's regular expressions where they mean the same to JavaScript, which is: on one line, without flags, and without what
 * only one of the two knows. Where this machine has ruby, a test asks it whether that is so.
 */

/** Anchors, escapes, groups, classes and possessive quantifiers that JavaScript lacks, or reads in another way. */
const onlyRuby = /\\[AzZhHGKRXpP]|\(\?[#>imx-]|\[\[:|[*+?}]\+|&&\[/;

/** `text`: with its slashes. */
export function jsRegexp(text: string): RegExp {
  const [, source] = /^\/(.*)\/$/.exec(text) ?? [];
  if (source === undefined) throw new Error(`no regular expression without flags: ${text}`);
  if (onlyRuby.test(source)) throw new Error(`not the same in Ruby and JavaScript: ${text}`);
  return new RegExp(source, "s"); // on one line Ruby's dot leaves nothing out, not a carriage return either
}
