// The pieces of a figure show parts of the picture before them.
for (const panels of document.querySelectorAll('.panels')) {
  const before = panels.previousElementSibling
  const whole = before?.matches('img') ? before : before?.querySelector('img')
  if (!whole) continue
  panels.style.setProperty('--figure', `url("${whole.src}")`)
  panels.classList.add('ready')
  whole.classList.add('whole')
}
