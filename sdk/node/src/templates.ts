/** Words of one's own for all alerts, in the syntax of Go's text/template; `""`: those built in. */
export interface Templates {
  /** Of mails, and the title elsewhere. */
  subject: string;
  /** With which a message begins. */
  text: string;
}

/** The templates of a cluster, and the fields that they may tell. */
export interface TemplateSet extends Templates {
  fields: string[];
}

/** What templates would say of a sample. */
export interface TemplatePreview {
  kind: "down" | "recovered" | "digest";
  subject: string;
  text: string;
}
