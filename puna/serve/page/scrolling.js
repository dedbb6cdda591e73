// The page follows what is written only while its reader is at the end; whoever scrolled up to read is left there.

const NEAR = 60; // pixels from the end that still count as the end

export class Scrolling {
  constructor(latest) {
    this.latest = latest;
    this.follows = true;
    window.addEventListener("scroll", () => this.look(), { passive: true });
    window.addEventListener("resize", () => this.follow(), { passive: true });
    latest.addEventListener("click", () => this.end());
  }

  look() {
    const page = document.documentElement;
    this.follows = page.scrollHeight - window.scrollY - window.innerHeight < NEAR;
    this.latest.hidden = this.follows;
  }

  /** Go to the end if the reader was there. */
  follow() {
    if (this.follows) this.end();
  }

  end() {
    this.follows = true;
    this.latest.hidden = true;
    window.scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  }
}

/** Let a text field be as high as its text, within what its style allows. */
export function fit(field) {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}
