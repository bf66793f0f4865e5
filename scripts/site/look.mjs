// Looks at the built site in a browser; look.sh says how it is called.
import fs from 'node:fs'
import path from 'node:path'

const [site, out, ...only] = process.argv.slice(2)
const modules = process.env.LOOK_MODULES
const { chromium } = await import(path.join(modules, 'playwright-core/index.mjs'))
const axe = fs.readFileSync(path.join(modules, 'axe-core/axe.min.js'), 'utf8')
const all = fs.readdirSync(site, { recursive: true }).filter(f => f.endsWith('.html') && !f.startsWith('_static') && f !== 'genindex.html').sort()
const pages = only.length ? only : all
const looks = [['light', 1200], ['dark', 390], ['dark', 1200], ['light', 390]]
fs.mkdirSync(out, { recursive: true })

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
let found = 0, lowest = 100
for (const name of pages) {
  for (const [theme, width] of process.env.QUICK ? looks.slice(0, 2) : looks) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme, bypassCSP: true })
    const page = await context.newPage()
    const outside = []
    page.on('request', r => { if (!r.url().startsWith('file:') && !r.url().startsWith('data:')) outside.push(r.url()) })
    await page.goto('file://' + path.resolve(site, name), { waitUntil: 'load', timeout: 120000 })
    await page.evaluate(axe)
    const result = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }))
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    // Lighthouse's weights: 10, 7, 3, 1 by impact, of the rules that apply.
    const weight = r => ({ critical: 10, serious: 7, moderate: 3, minor: 1 })[r.impact] ?? 3
    const wrong = result.violations.reduce((sum, v) => sum + weight(v), 0)
    const right = result.passes.length * 5
    const score = Math.round(100 * right / (right + wrong))
    lowest = Math.min(lowest, score)
    const label = `${name} ${theme} ${width}`
    for (const v of result.violations) {
      found++
      console.log(`✗ ${label}: ${v.id} (${v.impact}, ${v.nodes.length}×): ${v.help}: ${v.nodes[0].target} ${v.nodes[0].html.slice(0, 160)}`)
    }
    if (wide > 1) { found++; console.log(`✗ ${label}: ${wide} px wider than the window`) }
    for (const url of outside) { found++; console.log(`✗ ${label}: asks ${url}`) }
    const file = path.join(out, `${name.replaceAll('/', '_').replace('.html', '')}-${theme}-${width}`)
    if (process.env.PICTURES) await page.screenshot({ path: file + '.png', fullPage: process.env.PICTURES === 'full' })
    if (process.env.PDF && theme === 'dark' && width === 1200) await page.pdf({ path: file + '.pdf', format: 'A4', margin: { top: '15mm', bottom: '15mm', left: '15mm', right: '15mm' } })
    await context.close()
  }
}
await browser.close()
console.log(`${pages.length} pages: ${found} findings, lowest score ${lowest}`)
process.exit(found ? 1 : 0)
