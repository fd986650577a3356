/** A workflow that writes a line every 10 ms, and ends soon after the file that `GATE` names was made. */
export const TALK = `
  workflows:
    w:
      steps:
        - run: |
            i=0
            until [ -e "$GATE" ]; do echo "line $i"; i=$((i + 1)); sleep 0.01; done
            echo "last $i"
`;
