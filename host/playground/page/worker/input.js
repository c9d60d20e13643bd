// What is read, a piece at a time: a file of any length takes no more memory than a piece.

const PIECE_BYTES = 4 * 1024 * 1024;

export class Input {
  constructor() {
    this.take(new Blob([]));
  }

  /** Begins to read a file, or pasted text. */
  take(blob) {
    Object.assign(this, { blob, offset: 0, piece: new Uint8Array(0) });
  }

  /** The next bytes, for the reader. What goes wrong is a text, as the contract of the reader has it. */
  read(most) {
    if (this.piece.length === 0) {
      const end = Math.min(this.offset + PIECE_BYTES, this.blob.size);
      if (end === this.offset) return this.piece;
      try {
        this.piece = new Uint8Array(new FileReaderSync().readAsArrayBuffer(this.blob.slice(this.offset, end)));
      } catch (error) {
        throw `the browser cannot read it, for example because it has changed: ${error.message}`;
      }
      this.offset = end;
    }
    const given = this.piece.subarray(0, most);
    this.piece = this.piece.subarray(given.length);
    return given;
  }
}
