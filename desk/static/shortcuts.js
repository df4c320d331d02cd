// The keyboard.

export const start = () => {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.tagName === "TEXTAREA") {
      event.target.form.requestSubmit();
    }
  });
};
