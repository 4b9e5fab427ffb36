/**
 * Makes something in the init phase of a Lambda. What goes wrong there ends no process: it is thrown again by
 * each call of the function returned, inside the invocation that can answer it.
 */
export function atInit<T>(make: () => T): () => T {
  try {
    const made = make();
    return () => made;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
