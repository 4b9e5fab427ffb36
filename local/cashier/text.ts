/** A sentence in the two languages of the page. */
export interface Text {
  readonly en: string;
  readonly zh: string;
}
