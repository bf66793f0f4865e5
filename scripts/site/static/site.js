// What scrolls can be reached by the keyboard, too.
function reachable() {
  for (const box of document.querySelectorAll('.bd-article table, .bd-article pre, div.cell_output, .math')) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0
    else box.removeAttribute('tabindex')
  }
}
addEventListener('load', reachable)
addEventListener('resize', reachable)

// Paper is white: what is printed has the light theme, whichever the reader has.
let theme
addEventListener('beforeprint', () => { theme = document.documentElement.dataset.theme; document.documentElement.dataset.theme = 'light' })
addEventListener('afterprint', () => { document.documentElement.dataset.theme = theme })
