import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Emulator } from "../testing/emulator.ts";
import { Screen } from "./screen.ts";

suite("a screen", () => {
  test("replaces what it drew, however many lines that was", () => {
    const terminal = new Emulator(20);
    terminal.write("$ crew\n");
    const screen = new Screen(terminal);
    for (const frame of [["a long line", "b", "c"], ["a"], ["x", "y", "z", "w"], ["done"]]) {
      screen.draw(frame);
      assert.deepEqual(terminal.lines, ["$ crew", ...frame]);
    }
  });

  test("leaves nothing behind when the window became narrower", () => {
    const terminal = new Emulator(20);
    const screen = new Screen(terminal);
    screen.draw(["0123456789abcdef", "short"]);
    // The terminal wraps what stands there: two lines become three.
    const narrow = new Emulator(10);
    narrow.write("0123456789abcdef\nshort\n");
    Object.assign(terminal, { width: 10, write: (text: string) => narrow.write(text) });
    screen.draw(["new"]);
    assert.deepEqual(narrow.lines, ["new"]);
  });

  test("hides the cursor while it draws, and gives it back", () => {
    const terminal = new Emulator(20);
    const screen = new Screen(terminal);
    screen.draw(["working"]);
    assert.equal(terminal.cursorShown, false);
    screen.close(["done"]);
    screen.close();
    assert.equal(terminal.cursorShown, true);
    assert.deepEqual(terminal.lines, ["done"]);
  });

  test("touches nothing when nothing was drawn", () => {
    const terminal = new Emulator(20);
    new Screen(terminal).close();
    assert.deepEqual(terminal.lines, []);
  });
});
