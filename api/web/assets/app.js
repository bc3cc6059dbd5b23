// Live updates, times that go on, and copy buttons. Every page works without this.

const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]]

function span(seconds) {
  let left = Math.floor(Math.abs(seconds))
  for (let i = 0; i < units.length; i++) {
    const n = Math.floor(left / units[i][1])
    if (n === 0) continue
    left -= n * units[i][1]
    const rest = i + 1 < units.length && n < 100 ? Math.floor(left / units[i + 1][1]) : 0
    return `${n} ${units[i][0]}` + (rest ? ` ${rest} ${units[i + 1][0]}` : '')
  }
  return '0 s'
}

// The difference of this clock to the cluster's, in ms: people's clocks are wrong.
let ahead = 0

function tellTimes() {
  for (const el of document.querySelectorAll('time[datetime]')) {
    const at = new Date(el.dateTime)
    const d = (at - Date.now() + ahead) / 1000
    const text = el.className === 'lasting' ? span(d) : Math.abs(d) < 1 ? 'just now' : d < 0 ? `${span(d)} ago` : `in ${span(d)}`
    if (el.firstChild?.nodeType === Node.TEXT_NODE && el.firstChild.data !== text) el.firstChild.data = text
    if (!el.dataset.local) {
      el.dataset.local = 'yes'
      el.title += '\n' + at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' })
      const local = el.previousElementSibling
      if (local?.className === 'local') {
        const there = local.previousSibling.data.slice(-25) // Mon 30 Nov 02:30:00 CET
        const sameDay = there.includes(` ${at.getDate()} `)
        if (!sameDay || !there.includes(at.toTimeString().slice(0, 8))) {
          const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZoneName: 'short' }
          local.textContent = `, ${at.toLocaleString(undefined, { weekday: sameDay ? undefined : 'short', ...clock }).replace(/ (?=\S+$)/, '\u00a0')}`
        }
      }
    }
  }
}

function offerCopies(root) {
  for (const button of root.querySelectorAll('button.copy')) {
    button.hidden = false
    button.onclick = async () => {
      const code = button.previousElementSibling
      let done = true
      try {
        await navigator.clipboard.writeText(code.textContent)
      } catch { // without a secure context there is no clipboard, but there is this
        const range = document.createRange()
        range.selectNodeContents(code)
        getSelection().removeAllRanges()
        getSelection().addRange(range)
        done = document.execCommand('copy')
      }
      button.textContent = done ? 'Copied' : 'Press Ctrl+C' // it is selected
      setTimeout(() => { button.textContent = 'Copy' }, 2000)
    }
  }
}

// same tells whether two pieces differ in nothing but times that went on.
const same = (a, b) => plain(a) === plain(b)
const plain = (html) => html.replace(/(<time datetime="[^"]*")[^>]*>[^<]*/g, '$1').replace(/(<span class="local">)[^<]*/g, '$1').replaceAll(' hidden=""', '').trim()

const fields = 'select,input:not([type])'
const focusable = 'a,button,input,select,summary,pre'

// replace puts a new piece in place of the old one, and keeps what a person did in it. A
// piece that is the same stays: somebody may be about to click on it.
function replace({ id, html }) {
  const old = document.getElementById(id)
  if (!old) return
  const fresh = document.createElement(old.tagName === 'TR' ? 'tr' : 'div')
  fresh.innerHTML = html
  if (same(fresh.innerHTML, fresh.firstElementChild?.id === id ? old.outerHTML : old.innerHTML)) return
  const focused = old.contains(document.activeElement) ? [...old.querySelectorAll(focusable)].indexOf(document.activeElement) : -1
  const picked = new Set([...old.querySelectorAll('input:checked')].map((i) => i.value))
  const typed = [...old.querySelectorAll(fields)].map((i) => i.value)
  const open = [...old.querySelectorAll('details')].map((d) => d.open)
  if (old.tagName === 'TR') {
    old.innerHTML = html
  } else {
    const box = document.createElement('template')
    box.innerHTML = html
    const whole = box.content.firstElementChild?.id === id
    if (whole) old.replaceWith(box.content.firstElementChild)
    else old.replaceChildren(box.content)
  }
  const now = document.getElementById(id)
  for (const i of now.querySelectorAll('input[type=checkbox]')) i.checked = picked.has(i.value)
  now.querySelectorAll(fields).forEach((e, i) => { if (typed.length > i) e.value = typed[i] })
  now.querySelectorAll('details').forEach((d, i) => { if (open[i]) d.open = true })
  if (focused >= 0) now.querySelectorAll(focusable)[focused]?.focus({ preventScroll: true })
  offerCopies(now)
  if (now.tagName === 'TR' && shown) {
    now.classList.remove('changed')
    void now.offsetWidth
    now.classList.add('changed')
  }
}

let shown = false // whether the first answer came: it is no change
let lastHeard = Date.now()
let misplaced = 0 // rows of this page that its stream does not have, or elsewhere

function show(live) {
  lastHeard = Date.now()
  document.getElementById('lost').hidden = true
  const title = `${live.title} · quorumbeat`
  if (document.title !== title) {
    document.title = title
    if (shown) document.getElementById('said').textContent = live.title
  }
  const icon = document.getElementById('icon')
  if (icon.dataset[live.icon] && icon.getAttribute('href') !== icon.dataset[live.icon]) icon.href = icon.dataset[live.icon]
  for (const piece of live.pieces ?? []) replace(piece)
  const moved = document.getElementById('moved')
  if (moved) {
    if (live.rows) {
      const here = [...document.querySelectorAll('tbody tr[id]')].map((row) => row.id)
      misplaced = live.rows.filter((id) => !here.includes(id)).length || Number(live.rows.some((id, i) => id !== here[i]))
    }
    const n = Math.max(misplaced, live.moved)
    moved.hidden = !n
    moved.firstElementChild.textContent = `${n} changed:`
  }
  shown = true
  tellTimes()
}

async function ask(page) {
  const answer = await fetch(`/ui/events${page}&once=1`, { credentials: 'same-origin', headers: { Accept: 'application/json' } })
  if (answer.status === 401) location.reload()
  if (!answer.ok) throw new Error(answer.statusText)
  const date = Date.parse(answer.headers.get('Date'))
  if (date && Math.abs(Date.now() - date) > 5000) ahead = Date.now() - date
  show(await answer.json())
}

// All tabs share one stream, for a browser allows six to a host: each says which page it
// shows; one of them leads, asks for all of these pages, and passes on what it hears. A tab
// that hears of no leader for a while becomes it. (navigator.locks would need TLS.)
function follow(page) {
  const channel = 'BroadcastChannel' in window ? new BroadcastChannel('quorumbeat') : null
  const me = Math.random()
  const wanted = new Map([[page, Infinity]]) // when each page was last wanted
  let source = null // of the tab that leads
  let leads = false
  let heardOfLeader = 0
  let open = false // whether there is a stream
  let again = false // it is ended only to ask for other pages

  const post = (told) => channel?.postMessage(told)
  const hear = (told) => {
    if (told.open !== undefined) open = told.open
    if (told.open) lastHeard = Date.now()
    if (told.page === page) show(told)
  }
  const tell = (told) => { hear(told); post(told) }
  const restart = () => { again = true; source?.dispatchEvent(new Event('restart')) }
  const stream = () => new Promise((resolve) => {
    source = new EventSource(`/ui/events?${[...wanted.keys()].map((p) => `page=${encodeURIComponent(p)}`).join('&')}`)
    const end = () => { source.close(); resolve() }
    source.onopen = () => tell({ open: true })
    source.onmessage = ({ data }) => tell(JSON.parse(data))
    source.addEventListener('alive', () => tell({ open: true }))
    for (const type of ['end', 'restart', 'error']) source.addEventListener(type, end)
  })
  const lead = async () => {
    if (leads) return
    leads = true
    post({ lead: me })
    while (leads) {
      await stream()
      if (again || !leads) { again = false; continue }
      tell({ open: false })
      await ask(page).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 1000 + Math.random() * 1000))
    }
    source = null
  }
  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data.out) {
        ask(page).catch(() => {})
      } else if (data.lead !== undefined) {
        heardOfLeader = Date.now()
        if (leads && data.lead < me) { leads = false; restart() }
        else if (leads) post({ lead: me })
      } else if (data.gone) {
        heardOfLeader = 0
        post({ want: page }) // a tab that was opened later may not know of this one
        setTimeout(() => { if (!heardOfLeader) lead() }, Math.random() * 500)
      } else if (data.want === undefined) {
        hear(data)
      } else {
        const known = wanted.has(data.want)
        if (data.want !== page) wanted.set(data.want, Date.now())
        if (leads && (data.fresh || !known)) { post({ lead: me }); restart() }
      }
    }
    addEventListener('pagehide', () => { if (leads) { source?.close(); post({ gone: true }) } })
    addEventListener('pageshow', (event) => { if (event.persisted) location.reload() })
    post({ want: page, fresh: true })
    setTimeout(() => { if (!heardOfLeader) lead() }, 200)
  } else {
    lead()
  }
  document.addEventListener('visibilitychange', () => { if (!document.hidden) ask(page).catch(() => {}) })
  const silent = () => Date.now() - lastHeard
  setInterval(() => {
    post(leads ? { lead: me } : { want: page })
    if (!leads && Date.now() - heardOfLeader > 12000) lead()
    const before = wanted.size
    for (const [p, at] of wanted) if (Date.now() - at > 90000) wanted.delete(p) // browsers slow the timers of hidden tabs
    if (leads && wanted.size < before) restart()
    if (silent() > (open ? 20000 : 4000)) ask(page).catch(() => {})
  }, 5000)
  setInterval(() => {
    document.getElementById('lost').hidden = silent() < (open ? 25000 : 12000)
    document.getElementById('age').textContent = `${span(silent() / 1000)} old`
  }, 1000)
}

// The preview of a form follows what is typed.
function previewForm(box) {
  let wait
  let asked = 0
  box.form.addEventListener('input', () => {
    clearTimeout(wait)
    wait = setTimeout(async () => {
      const n = ++asked
      const typed = new URLSearchParams(new FormData(box.form))
      for (const name of ['csrf', 'description']) typed.delete(name)
      const answer = await fetch(`/ui/heartbeats/preview?${typed}`).catch(() => null)
      if (!answer?.ok || n !== asked) return
      document.getElementById('preview').innerHTML = await answer.text()
      tellTimes()
    }, 300)
  })
  box.hidden = true
}

// Templates have a button of that name, too, but no box that follows.
const preview = document.querySelector('button[name=preview]')
if (preview && document.getElementById('preview')) previewForm(preview)

// What was just done is told once: neither a reload nor a bookmark tells it again.
if (location.search.includes('did=')) {
  const here = new URL(location)
  here.searchParams.delete('did')
  history.replaceState(null, '', here)
}

// Who signs out in one tab is out in all: those that are open look whether they still may.
if (document.querySelector('form[action="/ui/login"]') && 'BroadcastChannel' in window) new BroadcastChannel('quorumbeat').postMessage({ out: true })

offerCopies(document)
tellTimes()
setInterval(tellTimes, 1000)

const query = document.body.dataset.live
if (query !== undefined) follow(query || '?list')
