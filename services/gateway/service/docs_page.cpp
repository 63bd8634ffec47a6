#include "services/gateway/service/docs_page.h"

namespace ctc::gateway {

// Text from the document goes into the page as text nodes only, never as HTML.
const std::string_view kDocsPage = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Click-to-call API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
h2{margin-top:2rem;border-bottom:1px solid #d0d7de}
details{border:1px solid #d0d7de;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}
summary{cursor:pointer}
.m{display:inline-block;min-width:4.5rem;font-weight:600}
code,pre{font:13px/1.4 ui-monospace,monospace}
pre{background:#f6f8fa;padding:.6rem;overflow:auto;border-radius:6px}
table{border-collapse:collapse;width:100%}
td{border-top:1px solid #eaeef2;padding:.2rem .6rem .2rem 0;vertical-align:top}
.s{color:#57606a}
@media (prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}pre{background:#161b22}
details,h2,td{border-color:#30363d}.s{color:#8b949e}}
</style></head><body>
<h1>Click-to-call API</h1>
<p>Machine-readable: <a href="/api/v1/openapi.json">openapi.json</a></p>
<div id="list">Loading…</div>
<script>
const make=(tag,text,cls)=>{const e=document.createElement(tag);if(text!=null)e.textContent=text;
if(cls)e.className=cls;return e};
fetch('/api/v1/openapi.json').then(r=>r.json()).then(api=>{
const list=document.getElementById('list');list.textContent='';
const name=ref=>ref?ref.split('/').pop():'';
const schema=(ref)=>{const box=make('div');const s=api.components.schemas[name(ref)];
if(!s||!s.properties)return box;const t=make('table');
for(const [k,v] of Object.entries(s.properties)){const row=make('tr');const c=make('td');
c.append(make('code',k));row.append(c);
row.append(make('td',v.$ref?name(v.$ref):v.type==='array'?'list of '+(name(v.items.$ref)||v.items.type):
(v.enum?v.enum.join(' | '):v.format||v.type||'any'),'s'));
row.append(make('td',v.description||''));t.append(row)}
box.append(make('h4',name(ref)),t);return box};
const groups={};
for(const [path,methods] of Object.entries(api.paths))
for(const [method,op] of Object.entries(methods)){
const d=make('details'),s=make('summary');
s.append(make('span',method.toUpperCase(),'m'),make('code',path),make('span',' '+(op.summary||''),'s'));
d.append(s);
if(op.description)d.append(make('p',op.description));
const scopes=(op.security||[]).flatMap(x=>Object.values(x).flat());
if(scopes.length)d.append(make('p','Scope: '+scopes.join(', '),'s'));
if((op.parameters||[]).length){const t=make('table');for(const p of op.parameters){
const q=p.$ref?api.components.parameters[name(p.$ref)]:p;const row=make('tr');const c=make('td');
c.append(make('code',q.name));row.append(c,make('td',q.in,'s'),make('td',q.description||''));t.append(row)}
d.append(make('h4','Parameters'),t)}
const body=op.requestBody&&op.requestBody.content['application/json'];
if(body)d.append(schema(body.schema.$ref));
for(const [code,r] of Object.entries(op.responses)){const c=r.content&&r.content['application/json'];
d.append(make('p',code+' '+(r.description||''),'s'));if(c&&c.schema.$ref)d.append(schema(c.schema.$ref))}
const tag=(op.tags||['Other'])[0];(groups[tag]=groups[tag]||[]).push(d)}
for(const [tag,items] of Object.entries(groups)){list.append(make('h2',tag));list.append(...items)}
}).catch(e=>{document.getElementById('list').textContent='The document cannot be read: '+e});
</script></body></html>
)html";

}  // namespace ctc::gateway
