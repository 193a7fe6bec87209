/* The visit that a page showed has ended: nothing of it stays, text being typed included. Whoever holds the page now may
   not be who wrote it (docs/adr/0010). What takes its place is in `_left.html`. */
"use strict";
window.pnavLeft = () => {
  const { content, dataset } = document.getElementById("left");
  document.title = dataset.title;
  document.querySelectorAll(".pnav-nav__state").forEach((place) => place.remove()); // the town chosen, in the menu
  document.getElementById("contenu").replaceChildren(content);
  window.scrollTo({ top: 0, behavior: "instant" });
  document.getElementById("ended").focus({ preventScroll: true });
};
