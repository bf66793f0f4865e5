// What scrolls can be reached by the keyboard, too.
function reachable() {
  for (const box of document.querySelectorAll('.bd-article table, .bd-article pre, div.cell_output, .math')) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0
    else box.removeAttribute('tabindex')
  }
}
addEventListener('load', reachable)
addEventListener('resize', reachable)
