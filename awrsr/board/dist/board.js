// Made from awrsr/board/src by `npm run build`.
function attentionBoard() {
"use strict";var bundle=(()=>{var __defProp=Object.defineProperty;var __getOwnPropDesc=Object.getOwnPropertyDescriptor;var __getOwnPropNames=Object.getOwnPropertyNames;var __hasOwnProp=Object.prototype.hasOwnProperty;var __export=(target,all)=>{for(var name in all)__defProp(target,name,{get:all[name],enumerable:!0})},
__copyProps=(to,from,except,desc)=>{if(from&&typeof from=="object"||typeof from=="function")for(let key of __getOwnPropNames(
from))!__hasOwnProp.call(to,key)&&key!==except&&__defProp(to,key,{get:()=>from[key],enumerable:!(desc=
__getOwnPropDesc(from,key))||desc.enumerable});return to};var __toCommonJS=mod=>__copyProps(__defProp({},"__esModule",{value:!0}),mod);var main_exports={};__export(main_exports,{default:()=>component});var KINDS={first:"first order",second:"second order",refined:"refined"},TOGETHER={mean:"mean of head\
s",max:"maximum of heads",rollout:"rollout to this layer"},MEASURES={weight:"attention weight",contribution:"\
weight \xD7 value norm"},SCALES={even:"relative to an even row",sqrt:"square root",linear:"linear",row:"\
each row's maximum"},MODES={maps:"side by side",difference:"difference",flow:"flow of the score"},SIZES={
fit:"fit the page",large:"large"},FACTS={first:"first order",second:"second order",refined:"refined",
value:"weight \xD7 value length",removal:"score without it",attribution:"attribution"},PLACES={self:"\
itself",repeats:"its repeats",previous:"the item before it",first:"the first item",group:"same group",
rest:"everything else"},keysOf=words2=>Object.keys(words2),isOneOf=(words2,text)=>typeof text=="stri\
ng"&&Object.hasOwn(words2,text),headName=head=>typeof head=="number"?`head ${head+1}`:TOGETHER[head],
headCode=head=>typeof head=="number"?String(head+1):head,headingOf=(layer,head)=>`L${layer+1} ${typeof head==
"number"?"H":""}${headCode(head)}`;var lastRefined=(data,source)=>({source,layer:data.sources[source].layers-1,head:data.sources[source].
heads>1?"mean":0,kind:"refined"}),defaults=data=>({panels:(data.sources.length>1?[0,1]:[0]).map(source=>lastRefined(
data,source)),linked:!0,mode:"maps",measure:"weight",scale:"even",share:100,size:"fit",facts:keysOf(
FACTS).filter(fact=>fact!=="value"),lock:null});function valid(data,asked){let source=data.sources[asked.
source];if(!source||!isOneOf(KINDS,asked.kind))return null;let within=(value,count)=>Math.min(Math.max(
0,value),count-1),layer=within(asked.layer,source.layers),head=isOneOf(TOGETHER,asked.head)?asked.head:
within(Number(asked.head),source.heads);return!Number.isInteger(layer)||Number.isNaN(head)?null:{source:asked.
source,layer,head,kind:asked.kind}}var inSource=(data,spec,source)=>valid(data,{...spec,source})??spec,
alike=(data,panels,spec)=>panels.map(({source})=>inSource(data,spec,source));function changed(data,{
panels,linked},place2,change){let asked={...panels[place2],...change},spec=valid(data,asked)??asked,
others=panels.map((panel,i)=>i===place2?spec:panel);return linked?alike(data,others,spec):others}var comparedPair=view=>view.
panels.map(({source})=>source).join("|");function pairs(data,view){let found=data.sources.flatMap((_,a)=>data.
sources.slice(a+1).map((__,i)=>`${a}|${a+1+i}`)),now=comparedPair(view);return found.includes(now)?found:
[now,...found]}var ofPair=(data,view,pair)=>pair.split("|").map((source,i)=>inSource(data,view.panels[i],
Number(source))),panelOf=(view,source)=>view.panels.find(panel=>panel.source===source)??view.panels[0],
sameMap=(a,b)=>a.layer===b.layer&&a.head===b.head&&a.kind===b.kind;function carriedOver(view,before,data){
let panels=defaults(data).panels.map((panel,i)=>{let old=view.panels.at(i);if(!old)return panel;let{
name}=before.sources[old.source],source=data.sources.findIndex(other=>other.name===name);return valid(
data,{...old,source:source<0?panel.source:source})??panel}),next={...view,panels,mode:panels.length>
1?view.mode:"maps",lock:lockOn(view.lock,before,data)};if(data.sources.length>before.sources.length&&
data.sources.length>2){let first=data.sources[0].name,variant=data.sources.findIndex((other,i)=>i>0&&
other.name.startsWith(first));next.panels=[0,Math.max(variant,0)].map((source,i)=>inSource(data,next.
panels[i],source))}return next}function lockOn(lock,before,data){if(!lock)return null;let moved=place2=>{
let item=before.items[place2],later=before.items.slice(place2).filter(other=>other===item).length,places=data.
items.flatMap((other,i)=>other===item?[i]:[]);return places.length>=later?places[places.length-later]:
-1},query=moved(lock.query);if(query<0)return null;if(lock.key===null)return{query,key:null};let key=moved(
lock.key);return key<0||key>query?null:{query,key}}var SIDES=["left","right"],KNOWN=[...SIDES,"mode","measure","scale","size","share","facts","apart","\
lock"],SHARES={min:20,max:100,step:5},MOST_STRANGE=6,LONGEST_STRANGE=40;function toHash(data,view){let plain=defaults(
data),text=({source,layer,head,kind})=>[data.sources[source].name,layer+1,headCode(head),kind].join(
"."),parts=[];view.panels.forEach((panel,i)=>{text(panel)!==text(plain.panels[i])&&parts.push(`${SIDES[i]}\
=${encodeURIComponent(text(panel))}`)});for(let key of["mode","measure","scale","share","size"])view[key]!==
plain[key]&&parts.push(`${key}=${view[key]}`);if(view.facts.join()!==plain.facts.join()&&parts.push(
`facts=${view.facts.join(".")}`),view.linked||parts.push("apart=1"),view.lock){let{query,key}=view.lock;
parts.push(`lock=${query+1}${key===null?"":`.${key+1}`}`)}return parts.length?`#${parts.join("&")}`:
""}function fromHash(data,hash,now=defaults(data)){let given=new URLSearchParams(hash.replace(/^#/,"")),
view={...now,panels:[...now.panels]},strange=[],refuse=key=>{given.has(key)&&strange.push(`${key}=${given.
get(key)}`)};SIDES.forEach((side,i)=>{let spec=readSpec(data,given.get(side)??"");spec&&i<view.panels.
length?view.panels[i]=spec:refuse(side)});let choose=(key,words2)=>{let value=given.get(key);isOneOf(
words2,value)?view[key]=value:refuse(key)};choose("mode",MODES),choose("measure",MEASURES),choose("s\
cale",SCALES),choose("size",SIZES),view.panels.length<2&&(view.mode="maps");let share=Number(given.get(
"share"));share>=SHARES.min&&share<=SHARES.max&&share%SHARES.step===0?view.share=share:refuse("share");
let facts=given.get("facts")?.split(".")??[];facts.length&&facts.every(fact=>isOneOf(FACTS,fact))?view.
facts=keysOf(FACTS).filter(fact=>facts.includes(fact)):refuse("facts"),view.linked=!given.get("apart")&&
view.panels.every(panel=>sameMap(panel,view.panels[0])),view.lock=readLock(data,given.get("lock")??""),
view.lock||refuse("lock");for(let key of given.keys())KNOWN.includes(key)||refuse(key);return{view,strange:strange.
slice(0,MOST_STRANGE).map(shortened)}}function readSpec(data,text){let[name,layer,head,kind]=text.split(
"."),source=data.sources.findIndex(other=>other.name===name);if(source<0||!isOneOf(KINDS,kind))return null;
let asked={source,layer:Number(layer)-1,head:isOneOf(TOGETHER,head)?head:Number(head)-1,kind},spec=valid(
data,asked);return spec?.layer===asked.layer&&spec.head===asked.head?spec:null}function readLock({n},text){
let found=/^(\d{1,4})(?:\.(\d{1,4}))?$/.exec(text);if(!found)return null;let query=Number(found[1]),
key=found[2]===void 0?null:Number(found[2]);return query<1||query>n||key!==null&&(key<1||key>query)?
null:{query:query-1,key:key===null?null:key-1}}var shortened=text=>text.length>LONGEST_STRANGE?`${text.
slice(0,LONGEST_STRANGE)}\u2026`:text,isView=hash=>[...new URLSearchParams(hash.replace(/^#/,"")).keys()].
some(key=>KNOWN.includes(key)),withoutLock=hash=>hash.replace(/[#&]lock=[^&]*/,"");var STEPS=2**24-1;function decode(payload){let{items,signature,title,slots,titles,groups}=payload,sources=payload.
sources.map(source=>decodeSource(source,items.length)),repeats=items.map((item,i)=>sources.some(({itemAt,
places})=>itemAt[i]>=0&&places.some(j=>j!==i&&items[j]===item)));return{payload,signature,title,n:items.
length,items,slots,titles,groups,sources,repeats}}function decodeSource(source,n){let maps={first:null,
second:null,refined:null};for(let kind of keysOf(KINDS)){let packed=source.maps[kind];packed!==null&&
(maps[kind]=isOneOf(KINDS,packed)?maps[packed]:unpacked(bytesOf(packed)))}let itemAt=new Int32Array(
n).fill(-1);source.places.forEach((place2,i)=>{itemAt[place2]=i});let norms=source.norms===null?null:
floatsOf(source.norms);return{...source,maps,norms,itemAt,unrefined:maps.second===null}}var bytesOf=base64=>Uint8Array.
from(atob(base64),c=>c.charCodeAt(0)),floatsOf=base64=>new Float32Array(bytesOf(base64).buffer);function unpacked(bytes){
let weights=new Float32Array(bytes.length/3);for(let i=0,j=0;i<weights.length;i++,j+=3)weights[i]=(bytes[j]|
bytes[j+1]<<8|bytes[j+2]<<16)/STEPS;return weights}var kindsOf=source=>keysOf(KINDS).filter(kind=>source.
maps[kind]&&!(source.unrefined&&kind==="refined")),kindName=(source,kind)=>source.floor!==null&&kind!==
"second"?source.floor:KINDS[kind],shownKind=(source,kind)=>kind==="refined"&&source.unrefined?"first":
kind;function mapName(data,{source,layer,head,kind}){let from=data.sources[source];return`layer ${layer+
1}, ${headName(head)}, ${kindName(from,shownKind(from,kind))}`}var specName=(data,spec)=>`${data.sources[spec.
source].name}, ${mapName(data,spec)}`,itemName=(data,place2)=>data.titles[place2]+(data.repeats[place2]?
" \u21BA":""),lastPlace=source=>source.places[source.places.length-1],shownAt=(source,place2)=>source.
where[place2]<0?place2:source.where[place2];function cellIn(data,source,cell){if(cell.key===null)return null;
let query=source.where[cell.query],key=source.where[cell.key];return query<0||key<0||key>query?null:
query*data.n+key}var EVENT="attention-board-answer",unpacked2=({score,nodes,first,refinement,residual,constants})=>({
score,nodes,residual,constants,first:first.map(floatsOf),refinement:refinement.map(packed=>packed===
null?null:floatsOf(packed))}),Answers=class{constructor(board){this.board=board;let answered=()=>{board.
box.isConnected?board.answered():document.removeEventListener(EVENT,answered)};document.addEventListener(
EVENT,answered)}board;asked="";cut=null;flows=new Map;flowsOf=null;get now(){let found=window.attentionBoardAnswer;
return found?.signature===this.board.data.signature?found:null}flow(source){let{now}=this;return now!==
this.flowsOf&&(this.flows=new Map(now?.flows.map(one=>[one.source,unpacked2(one)])),this.flowsOf=now),
this.flows.get(source)??null}ask(band=null){let{data,state,ask}=this.board;if(!ask)return;let flow=state.
view.mode==="flow";if(!flow&&!this.asked)return;let{signature}=data;band&&(this.cut={band,signature}),
(!flow||this.cut?.signature!==signature)&&(this.cut=null);let cut=this.cut?.band??null,asked={signature,
flow,cut},text=JSON.stringify(asked);text!==this.asked&&(this.asked=text,ask(asked))}};var isReordered=(a,b)=>a.places.some(place2=>b.where[place2]>=0&&b.where[place2]!==place2),PRIME="\u2032",
slotIn=(data,source,place2)=>isReordered(data.sources[0],source)?`${source.start+source.itemAt[place2]}${PRIME}`:
data.slots[place2];function ownAxis(data,source){let axis=axisOf(data,source.places),slots=source.places.
map(place2=>slotIn(data,source,place2));return{...axis,data:{...axis.data,slots}}}function axisOf(data,places){
let at=values=>places.map(place2=>values[place2]),{groups}=data,own={n:places.length,items:at(data.items),
slots:at(data.slots),titles:at(data.titles),repeats:at(data.repeats),groups:groups&&{...groups,each:at(
groups.each)}};return{places,data:{...data,...own}}}var sharedPlaces=sources=>[...new Set(sources.flatMap(
({places})=>places))].sort((a,b)=>a-b),indexIn=(axis,source,place2)=>axis.places.indexOf(shownAt(source,
place2)),rowsOf=([first,...others])=>[...first.places,...new Set(others.flatMap(({places})=>places.filter(
place2=>first.where[place2]<0)))];function byItem(values,{where},rows){let found=new Float64Array(values.
length).fill(NaN);for(let row of rows)where[row]>=0&&(found[row]=values[where[row]]);return found}function element(tag,name="",text){let made=document.createElement(tag);return name&&(made.className=
name),text!==void 0&&(made.textContent=text),made}function svg(tag,attributes2){let made=document.createElementNS(
"http://www.w3.org/2000/svg",tag);for(let[name,value]of Object.entries(attributes2))made.setAttribute(
name,String(value));return made}function button(name,text,label){let made=element("button",name,text);
return made.type="button",made.setAttribute("aria-label",label),made}function swatch(colour,text){let named=element(
"span","",text),square=element("i");return square.style.background=colour,named.prepend(square),named}
function chooser(label,options,now,change,labelled=!0){let part=labelled?element("label","",label):element(
"span"),list=element("select");list.setAttribute("aria-label",label);for(let[value,text]of options){
let option=element("option","",text);option.value=value,list.append(option)}list.onchange=()=>{change(
list.value)};let follow=()=>{list.value!==now()&&(list.value=now());let text=list.selectedOptions.item(
0)?.textContent??"";list.title!==text&&(list.title=text)};return follow(),part.append(list),{part,follow}}function short(value,signed2=!1){return signed2&&Math.abs(value)<.005?value?"\u22480":"0":((signed2&&
value>0?"+":"")+value.toFixed(2).replace(/^(-?)0\./,"$1.")).replace("+0.","+.")}function signed(value){
let text=Math.abs(value)<5e-4?"0":value.toPrecision(Math.abs(value)<1?2:3);return value>0?`+${text}`:
text.replace("-","\u2212")}var shortTimes=times=>times.toFixed(times<9.95?1:0),digits=value=>Number.
isNaN(value)?"\u2013":value.toFixed(4),signedDigits=value=>(value>0?"+":"")+value.toFixed(4);function tick(share,end,signed2){
let value=share*end,sign=signed2&&share>0?"+":"";return share===0?"0":end>=10?sign+value.toFixed(0):
sign+(end>=1?String(Number(value.toFixed(2))):value.toPrecision(2))}var MARKED=3,ONE_BAR=480;function blockOf(source,width,facts){let columns=barsOf(source,width,facts),
worded=columns.filter(({texts})=>texts.length).length;return{kinds:shownKinds(source,facts).length+Number(
facts.includes("value")),bars:columns.length,worded}}var shownKinds=(source,facts)=>kindsOf(source).
filter(kind=>facts.includes(kind)||source.unrefined&&facts.includes("refined"));function barsOf({columns},width,facts){
let chosen=columns.filter(({texts})=>facts.includes(texts.length?"removal":"attribution"));return width<
ONE_BAR?chosen.slice(0,1):chosen}function largest(values,count=MARKED){let places=[...values.keys()].
filter(i=>!Number.isNaN(values[i])&&values[i]!==0);return places.sort((a,b)=>Math.abs(values[b])-Math.
abs(values[a])),new Set(places.slice(0,count))}function sortedBy(values){let weight=i=>Number.isNaN(
values[i])?-1/0:values[i];return[...values.keys()].sort((a,b)=>weight(b)-weight(a)||a-b)}var HARDLY=.1,
MUCH=2;function disagreements(times,effects){let found=new Map,important=largest(effects),strongest=Math.
max(0,...[...important].map(place2=>Math.abs(effects[place2])));return times.forEach((share,place2)=>{
Number.isNaN(share)||Number.isNaN(effects[place2])||(important.has(place2)&&share<1?found.set(place2,
"unattended"):share>=MUCH&&Math.abs(effects[place2])<HARDLY*strongest&&found.set(place2,"unimportant"))}),
found}var columnTexts=(source,place2)=>{let item=source.itemAt[place2];return item<0?[]:source.columns.
flatMap(({title,values,texts})=>{let value=values[item];if(value===null)return[];let more=texts.length?
`, ${texts[item]}`:"";return[`${source.name}, ${title}: ${signed(value)}${more}`]})};var MAP={left:46,above:6,below:40,most:34},SLOT_DIGITS={fit:3,width:6},TITLES={share:.27,least:84,most:150},
LINE=9.5,NUMBERED=26,LARGE_CELL=12,SPARE=60;function mapLayout(slots,room,wanted){let n=slots.length,
longest=Math.max(...slots.map(slot=>slot.length)),left=MAP.left+SLOT_DIGITS.width*Math.max(0,longest-
SLOT_DIGITS.fit),right=Math.min(TITLES.most,Math.max(TITLES.least,room*TITLES.share)),cell=Math.min(
MAP.most,wanted??(room-left-right)/n);cell>=4&&(cell=Math.floor(cell*2)/2);let size=cell*n,every=Math.
ceil(LINE/cell),[width,height]=[left+size+right,MAP.above+size+MAP.below],square={cell,line:cell,size,
down:size,aligned:!1};return{x:left,y:MAP.above,...square,every,width,height}}function pageLayout(slots,room,large){
let fitting=mapLayout(slots,room),layout=large&&fitting.cell<LARGE_CELL?mapLayout(slots,room,LARGE_CELL):
fitting;return{...layout,width:Math.max(layout.width,Math.min(room,layout.width+SPARE))}}var isNumbered=({
cell,line:line2})=>cell>=NUMBERED&&line2>=LINES.titled,GAP=20,LEAST_MAP=320;function roomOf(width,maps){
let across=Math.max(1,Math.min(maps,Math.floor((width+GAP)/(LEAST_MAP+GAP))));return Math.floor((width-
GAP*(across-1))/across)}var LINES={steps:[[24,18],[36,14],[60,11]],most:660,least:2,titled:11};function lineOf(n){
let step=LINES.steps.find(([rows])=>n<=rows);return step?step[1]:Math.max(LINES.least,Math.floor(LINES.
most/n*2)/2)}var EXTRA={mark:12,words:28},NUMBERS=26,BLOCK_GAP=12,FOOT=36,BESIDE=[{kind:40,bar:56,titles:170},
{kind:40,bar:48,titles:150},{kind:36,bar:40,titles:132}],ABOVE=[...BESIDE,{kind:34,bar:30,titles:104},
{kind:26,bar:22,titles:72}],LEAST_BESIDE=176,HEAD=228,MOST_CELL=40,MOST_TITLES=260;function together(width,n,blocks,maps){
let need=({kind,bar,titles:titles2})=>blocks.reduce((sum,block)=>sum+BLOCK_GAP+widthOf(block,kind,bar),
NUMBERS+titles2),beside=BESIDE.find(widths=>(width-need(widths))/maps-GAP>=LEAST_BESIDE),line2=lineOf(
n);if(!beside){let widths=ABOVE.find(one=>need(one)<=width)??ABOVE[ABOVE.length-1],spare2=Math.max(0,
Math.min(MOST_TITLES-widths.titles,width-need(widths)));return{evidence:evidenceLayout(n,line2,blocks,
wider(widths,spare2)),map:null}}let room=Math.floor((width-need(beside))/maps-GAP),cell=Math.min(MOST_CELL,
(room-4)/n),across=Math.max(Math.min(HEAD,room),Math.ceil(cell*n)+4),spare=Math.max(0,(room-across)*
maps),titles=Math.min(MOST_TITLES-beside.titles,spare),map={x:2,y:0,cell,line:line2,size:cell*n,down:line2*
n,aligned:!0,every:1,width:across,height:line2*n+FOOT};return{evidence:evidenceLayout(n,line2,blocks,
wider(beside,titles)),map}}var widthOf=({kinds,bars,worded},kind,bar)=>kinds*kind+bars*bar+worded*EXTRA.
words+(bars?EXTRA.mark:0),wider=(widths,by)=>({...widths,titles:widths.titles+by});function evidenceLayout(n,line2,blocks,{
kind,bar,titles}){let x=NUMBERS+titles,placed=blocks.map(block=>{let width=widthOf(block,kind,bar);return x+=
BLOCK_GAP+width,{...block,x:x-width,width}}),titled=line2>=LINES.titled;return{x:0,y:0,cell:kind,line:line2,
titles,titlesAt:NUMBERS,kind,bar,blocks:placed,every:titled?1:Math.ceil(LINES.titled/line2),font:titled?
Math.min(12.5,Math.max(11,line2-5)):11,width:x,height:line2*n}}var THUMBS={gap:6,least:22,most:42},thumbEdge=(room,count)=>Math.
max(THUMBS.least,Math.min(THUMBS.most,Math.floor(room/count)-THUMBS.gap)),thumbStep=edge=>edge+THUMBS.
gap;function rowAt({y,line:line2},n,py){let row=Math.floor((py-y)/line2);return row>=0&&row<n?row:null}
var LEFT_OF_ROW=-6;function cellAt(cells,n,px,py){let{x,y,cell,line:line2}=cells,query=Math.floor((py-
y)/line2),key=Math.floor((px-x)/cell);return query<0||query>=n||key<LEFT_OF_ROW?null:{query,key:key>=
0&&key<=query?key:null}}var FONT="system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif";var remembered=new Map,ruler=null,family=FONT,fontFamily=()=>family;function setFont(name){name!==family&&
(family=name,remembered.clear())}function measured(text,size){return ruler??=contextOf(document.createElement(
"canvas")),ruler.font=`${size}px ${family}`,ruler.measureText(text).width}function contextOf(canvas){
let context=canvas.getContext("2d");if(!context)throw new Error("this browser has no 2D context for \
a canvas");return context}function clipped(text,room,size){let name=`${room} ${size} ${text}`,found=remembered.
get(name);return found===void 0&&(remembered.size>5e3&&remembered.clear(),found=cutTo(text,room,part=>measured(
part,size)),remembered.set(name,found)),found}function cutTo(text,room,width){if(width(text)<=room)return text;
let id=/ \[[^[\]]+\](?: \u21ba)?$/.exec(text)?.[0]??"",end=width(`\u2026${id}`)<room?`\u2026${id}`:"\
\u2026",low=0,high=text.length;for(;low<high;){let middle=low+high+1>>1;width(text.slice(0,middle)+end)<=
room?low=middle:high=middle-1}return low||end.length>1?text.slice(0,low).trimEnd()+end:""}function wrapped(text,room,width){
let lines=[""];for(let word of text.split(" ")){let last=lines[lines.length-1],longer=last?`${last} ${word}`:
word;!last||width(longer)<=room?lines[lines.length-1]=longer:lines.push(word)}return lines.map(line2=>cutTo(
line2,room,width))}function resized(canvas,width,height){return(canvas.width!==width||canvas.height!==height)&&(canvas.
width=width,canvas.height=height),contextOf(canvas)}function sized(canvas,width,height,untouched=!1){
let density=Math.min(3,window.devicePixelRatio||1),pixels=length=>Math.max(1,Math.round(length*density)),
context=resized(canvas,pixels(width),pixels(height));return canvas.style.width=`${width}px`,canvas.style.
height=`${height}px`,context.setTransform(density,0,0,density,0,0),untouched||context.clearRect(0,0,
width,height),context}function putCells(canvas,pixels){let n=Math.sqrt(pixels.length/4);return resized(
canvas,n,n).putImageData(new ImageData(pixels,n,n),0,0),n}var scratch=null,CanvasSurface=class{constructor(context){
this.context=context}context;clear(){let{canvas}=this.context;this.context.clearRect(0,0,canvas.width,
canvas.height)}dot(x,y,radius,colour,filled){let c=this.context;c.beginPath(),c.arc(x,y,radius,0,2*Math.
PI),c.fillStyle=c.strokeStyle=colour,c.lineWidth=1.2,filled?c.fill():c.stroke()}rect(x,y,width,height,fill,alpha=1){
this.context.globalAlpha=alpha,this.context.fillStyle=fill,this.context.fillRect(x,y,width,height),this.
context.globalAlpha=1}frame(x,y,width,height,colour,line2){this.context.strokeStyle=colour,this.context.
lineWidth=line2,this.context.strokeRect(x,y,width,height)}text(text,x,y,look){let{fill,size=11,align="\
left",turn=0,weight=400,alpha=1}=look,c=this.context;c.save(),c.translate(x,y),c.rotate(turn*Math.PI/
180),c.font=`${weight} ${size}px ${fontFamily()}`,c.fillStyle=fill,c.globalAlpha=alpha,c.textAlign=align,
c.textBaseline="middle",c.fillText(text,0,0),c.restore()}cells(pixels,{x,y,cell,line:line2}){scratch??=
document.createElement("canvas");let n=putCells(scratch,pixels);this.context.imageSmoothingEnabled=!1,
this.context.drawImage(scratch,x,y,n*cell,n*line2)}},ANCHORS={left:"start",center:"middle",right:"en\
d"},number=value=>String(Number(value.toFixed(2))),escaped=text=>text.replace(/&/g,"&amp;").replace(
/</g,"&lt;").replace(/>/g,"&gt;").replace(/"/g,"&quot;"),attributes=values=>Object.entries(values).map(
([name,value])=>` ${name}="${typeof value=="number"?number(value):escaped(value)}"`).join(""),SvgSurface=class{parts=[];rect(x,y,width,height,fill){
this.parts.push(`<rect${attributes({x,y,width,height,fill})}/>`)}frame(x,y,width,height,stroke,line2){
let look={fill:"none",stroke,"stroke-width":line2};this.parts.push(`<rect${attributes({x,y,width,height,
...look})}/>`)}text(text,x,y,look){let{fill,size=11,align="left",turn=0,weight=400,alpha=1}=look,given=attributes(
{transform:`translate(${number(x)} ${number(y)}) rotate(${turn})`,dy:".35em","font-size":size,"font-\
weight":weight,fill,"fill-opacity":alpha,"text-anchor":ANCHORS[align]});this.parts.push(`<text${given}\
>${escaped(text)}</text>`)}cells(pixels,{x,y,cell,line:line2}){let n=Math.sqrt(pixels.length/4),[across,
down]=[number(cell),number(line2)];this.parts.push('<g shape-rendering="crispEdges">');for(let q=0;q<
n;q++)for(let k=0;k<=q;k++){let[r,g,b,alpha]=pixels.subarray((q*n+k)*4);if(!alpha)continue;let d=`${`\
M${number(x+k*cell)} ${number(y+q*line2)}`}h${across}v${down}h-${across}z`,faded=alpha<255?{"fill-op\
acity":".18"}:{};this.parts.push(`<path${attributes({d,fill:`rgb(${r},${g},${b})`,...faded})}/>`)}this.
parts.push("</g>")}done(width,height){return`<svg${attributes({xmlns:"http://www.w3.org/2000/svg",viewBox:`\
0 0 ${number(width)} ${number(height)}`,width,height,"font-family":fontFamily()})}>${this.parts.join(
"")}</svg>`}};var HOVER="#ff3d71",LOCK="#ff9f1a",LABEL={size:12,height:18,ink:"#111111"},Sheet=class{over=element(
"canvas","ab-over");context=contextOf(this.over);marked=!1;width=0;height=0;fit(width,height){sized(
this.over,width,height,!this.marked),this.width=width,this.height=height,this.marked=!1}clear(willBeMarked){
this.marked&&this.context.clearRect(0,0,this.width,this.height),this.marked=willBeMarked}};function mark(board){
let{hover,view}=board.state,{ink}=board.theme,all=board.drawn();for(let sheet of new Set(all.map(drawn=>drawn.
sheet)))sheet.clear(view.lock!==null||hover!==null);for(let drawn of all)view.lock&&new Outline(board,
drawn,LOCK,ink).draw(view.lock,!hover),hover&&new Outline(board,drawn,HOVER,ink).draw(hover,!0)}var Outline=class{constructor(board,drawn,colour,ink){
this.board=board;this.drawn=drawn;this.colour=colour;this.ink=ink;this.context=drawn.sheet.context}board;drawn;colour;ink;context;draw(cell,labelled){
this.drawn.type==="evidence"?this.inEvidence(this.drawn,cell):this.inMap(this.drawn,cell,labelled)}inEvidence(drawn,{
query,key}){let{y,line:line2,width,order,first}=drawn,rowOf=place2=>order.includes(place2)?order.indexOf(
place2):order.indexOf(shownAt(first,place2)),top=place2=>y+rowOf(place2)*line2,height=Math.max(3,line2);
key!==null&&key!==query&&this.bareBox(.5,top(query),width-1,height,1),this.box(1,top(key??query),width-
2,height,1.5)}inMap(drawn,cell,labelled){let{x,y,cell:edge,line:line2,spec,aligned,axis}=drawn,source=this.
board.data.sources[spec.source],large=drawn.type==="large",query=indexIn(axis,source,cell.query),key=cell.
key===null?null:indexIn(axis,source,cell.key);if(query<0||key!==null&&key<0)return;let thin=large?1.25:
1;if(this.bareBox(x,y+query*line2,(query+1)*edge,Math.max(2,line2),thin),key!==null){large&&this.columnAndRepeats(
drawn,query,key,thin);let[beside,above]=[edge,line2].map(length=>Math.max(0,(5-length)/2)),[left,top]=[
x+key*edge-beside,y+query*line2-above],[width,height]=[edge+2*beside,line2+2*above];key<=query&&this.
box(left,top,width,height,large?2.5:1.5)}large&&labelled&&!aligned&&this.labels(drawn,query,key)}columnAndRepeats(drawn,query,key,thin){
let{x,y,cell,line:line2}=drawn,{n,items}=drawn.axis.data;this.bareBox(x+key*cell,y+key*line2,Math.max(
2,cell),(n-key)*line2,thin);for(let i=0;i<n;i++)i!==query&&i!==key&&(items[i]===items[query]||items[i]===
items[key])&&this.box(x+i*cell,y+i*line2,cell,line2,2)}labels(drawn,query,key){if(this.label(drawn,query,
0),key===null||key===query)return;let apart=(query-key)*drawn.cell,room=LABEL.height+1,close=Math.abs(
apart)<room;this.label(drawn,key,close?Math.sign(apart)*(Math.abs(apart)-room):0)}label({x,y,cell:edge,
width,axis},place2,lower){let{context:c}=this,{data}=axis,left=x+(place2+1)*edge+2,top=Math.max(0,y+
(place2+.5)*edge-LABEL.height/2+lower),text=`${data.slots[place2]} ${itemName(data,place2)}`,shown=clipped(
text,width-left-11,LABEL.size);c.fillStyle=this.colour,c.fillRect(left,top,measured(shown,LABEL.size)+
10,LABEL.height),c.fillStyle=LABEL.ink,c.font=`${LABEL.size}px ${fontFamily()}`,c.textBaseline="midd\
le",c.textAlign="left",c.fillText(shown,left+5,top+9.5)}box(x,y,width,height,line2){this.context.lineWidth=
line2+1.5,this.context.strokeStyle=this.ink.paper,this.context.strokeRect(x,y,width,height),this.bareBox(
x,y,width,height,line2)}bareBox(x,y,width,height,line2){this.context.lineWidth=line2,this.context.strokeStyle=
this.colour,this.context.strokeRect(x,y,width,height)}};var Grid=class{constructor(n,z){this.n=n;this.z=z}n;z;tops=null;shares=null;counts=new Int32Array(0);sums=new Float64Array(
0);get rowTops(){if(!this.tops){this.tops=new Float32Array(this.n);for(let q=0;q<this.n;q++)for(let k=0;k<=
q;k++)this.tops[q]=Math.max(this.tops[q],Math.abs(this.z[q*this.n+k])||0)}return this.tops}get top(){
return this.rowTops.reduce((a,b)=>Math.max(a,b),0)}keysOf(query){return this.sumUp(),this.counts[query]}even(query){
return this.sumUp(),this.counts[query]?this.sums[query]/this.counts[query]:NaN}get topTimes(){return this.
rowTops.reduce((largest2,top,q)=>Math.max(largest2,top*this.keysOf(q)),0)}get evenness(){let[sum,rows]=[
0,0];for(let q=0;q<this.n;q++){let count=this.keysOf(q);if(count<2||!this.sums[q])continue;let entropy=0;
for(let i=q*this.n;i<=q*this.n+q;i++){let share=Math.abs(this.z[i])/this.sums[q];share>0&&(entropy-=
share*Math.log(share))}sum+=entropy/Math.log(count),rows+=1}return rows?sum/rows:null}sumUp(){if(!this.
counts.length){this.counts=new Int32Array(this.n),this.sums=new Float64Array(this.n);for(let q=0;q<this.
n;q++)for(let i=q*this.n;i<=q*this.n+q;i++)Number.isNaN(this.z[i])||(this.counts[q]+=1,this.sums[q]+=
Math.abs(this.z[i]))}}get before(){if(!this.shares){this.shares=new Float32Array(this.n*this.n);for(let q=0;q<
this.n;q++)this.shareRow(q,this.shares)}return this.shares}shareRow(query,shares){let start=query*this.
n,keys=[],total3=0;for(let i=start;i<=start+query;i++)Number.isNaN(this.z[i])||(keys.push(i),total3+=
Math.abs(this.z[i]));keys.sort((a,b)=>Math.abs(this.z[b])-Math.abs(this.z[a]));let sum=0;for(let i of keys)
shares[i]=total3?sum/total3:0,sum+=Math.abs(this.z[i])}get missing(){return[...Array(this.n).keys()].
filter(i=>Number.isNaN(this.z[i*this.n+i]))}},isMissing=found=>"why"in found,Maps=class{constructor(data){
this.data=data}data;grids=new Map;largestContribution=null;grid(spec,measure){let{source,layer,head,
kind}=spec;return this.once([source,layer,head,kind,measure].join(),()=>{let from=this.data.sources[source];
if(!from.maps[kind])return{why:from.noSecondOrder};if(measure==="contribution"&&from.norms===null)return{
why:NO_NORMS};let values=triangle(from,spec,measure);return values?this.onAxis(from,values):{why:NO_ROLLOUT}})}on(places,shown,measure){
let found=Array.isArray(shown)?this.difference(shown,measure):this.grid(shown,measure);if(isMissing(
found)||places.length===found.n)return found;let name=[JSON.stringify(shown),measure,places].join(" ");
return this.once(name,()=>compact(found,places))}weights(spec){let found=this.grid(spec,"weight");if(isMissing(
found))throw new Error(`no weights of ${JSON.stringify(spec)}: ${found.why}`);return found.z}difference([
left,right],measure){let[a,b]=[left,right].map(spec=>this.grid(spec,measure));return isMissing(a)?a:
isMissing(b)?b:this.once(`difference ${JSON.stringify([left,right])} ${measure}`,()=>{let{n}=this.data,
{where}=this.data.sources[right.source],z=new Float32Array(n*n).fill(NaN);for(let q=0;q<n;q++)for(let k=0;k<=
q;k++)where[q]>=where[k]&&where[k]>=0&&(z[q*n+k]=b.z[where[q]*n+where[k]]-a.z[q*n+k]);return new Grid(
n,z)})}largest(measure){if(measure==="weight")return 1;if(this.largestContribution===null){let largest2=0;
this.data.sources.forEach((from,source)=>{for(let kind of keysOf(KINDS))for(let layer=0;layer<from.layers;layer++)
for(let head=0;head<from.heads;head++){let found=this.grid({source,layer,head,kind},measure);isMissing(
found)||(largest2=Math.max(largest2,found.top))}}),this.largestContribution=largest2||1}return this.
largestContribution}once(name,make){let found=this.grids.get(name);return found||(found=make(),this.
grids.set(name,found)),found}onAxis({places},values){let{n}=this.data,z=new Float32Array(n*n).fill(NaN);
for(let q=0,i=0;q<places.length;q++)for(let k=0;k<=q;k++,i++)z[places[q]*n+places[k]]=values[i];return new Grid(
n,z)}};function compact({n,z},places){let size=places.length,cells=new Float32Array(size*size).fill(
NaN);for(let q=0;q<size;q++)for(let k=0;k<=q;k++)cells[q*size+k]=z[places[q]*n+places[k]];return new Grid(
size,cells)}var NO_ROLLOUT="Rollout multiplies weights over layers; contributions of single layers d\
o not multiply. Choose a head, or show weights.",NO_NORMS="This model records attention weights with\
out values. Show weights.";function triangle(source,{layer,head,kind},measure){let map=source.maps[kind];
if(!map||head==="rollout"&&measure==="contribution")return null;if(head==="rollout")return rollout(source,
layer,kind);let n=source.places.length,size=n*(n+1)/2,values=new Float32Array(size),heads=typeof head==
"number"?[head]:[...Array(source.heads).keys()];for(let one of heads){let start=(layer*source.heads+
one)*size,at=(layer*source.heads+one)*n,norms=measure==="contribution"?source.norms?.subarray(at,at+
n):void 0;for(let q=0,i=0;q<n;q++)for(let k=0;k<=q;k++,i++){let value=map[start+i]*(norms?norms[k]:1);
values[i]=head==="max"?Math.max(values[i],value):values[i]+value/heads.length}}return values}function rollout(source,toLayer,kind){
let n=source.places.length,row=q=>q*(q+1)/2,rolled=null;for(let layer=0;layer<=toLayer;layer++){let mixed=triangle(
source,{layer,head:"mean",kind},"weight");if(!mixed)return null;let next=new Float32Array(row(n));for(let q=0;q<
n;q++){for(let j=0;j<=q;j++)mixed[row(q)+j]=(mixed[row(q)+j]+ +(j===q))/2;for(let j=0;j<=q;j++)for(let i=0;i<=
j;i++)next[row(q)+i]+=mixed[row(q)+j]*(rolled?rolled[row(j)+i]:+(i===j))}rolled=next}return rolled}var PRINT={ink:"#1f2430",paper:"#ffffff",dark:!1},VIRIDIS="#440154 #482878 #3e4a89 #31688e #26828e #\
1f9e89 #35b779 #6ece58 #b5de2b #fde725",ATTENTION={light:"#d9cc94 #e9e1bd #f3efdc #f7f7f9 #c9bfe6 #8\
268bd #3a1d78",dark:"#514727 #3a3526 #2b2b26 #232935 #4b3f7d #8d78d6 #d9ccff"},LEFT_TO_RIGHT={light:"\
#1d57c4 #6f97dd #c3d4f2 #f7f7f9 #f3cdb8 #da7f4f #b8430b",dark:"#6fc3ff #4489b8 #2b516b #232935 #6d43\
31 #b56c4b #ff9d6b"},HELPS={light:"#4a7c00",dark:"#a6d04b"},HURTS={light:"#c4179b",dark:"#ff6fc0"},MORE={
light:"#8268bd",dark:"#8d78d6"},LESS={light:"#b5a44e",dark:"#a08f4b"},MODELS={light:["#1d57c4","#b84\
30b"],dark:["#6fc3ff","#ff9d6b"]},OCTAVES=3,GROUPS="#4477aa #ee6677 #228833 #ccbb44 #66ccee #aa3377 \
#ee8866 #44aa99".split(" "),OTHER="#9a9fa8",FADED=[128,132,140,46],FADED_FILL="rgba(128,132,140,.18)",
FADED_KEY="rgba(128,132,140,.35)",MISSING_FILL="rgba(128,132,140,.5)",STEPS2=255;function ramp(stops){
let colours=stops.split(" ").map(hex=>[1,3,5].map(i=>parseInt(hex.slice(i,i+2),16))),out=new Uint8Array(
(STEPS2+1)*3);for(let i=0;i<=STEPS2;i++){let t=i/STEPS2*(colours.length-1),a=Math.min(colours.length-
2,Math.floor(t));for(let c=0;c<3;c++)out[i*3+c]=Math.round(colours[a][c]*(1-t+a)+colours[a+1][c]*(t-
a))}return out}var RAMPS={weights:{light:ramp(VIRIDIS),dark:ramp(VIRIDIS)},attention:{light:ramp(ATTENTION.
light),dark:ramp(ATTENTION.dark)},difference:{light:ramp(LEFT_TO_RIGHT.light),dark:ramp(LEFT_TO_RIGHT.
dark)}},pageOf=({dark})=>dark?"dark":"light",rampOf=(signed2,scale,ink)=>RAMPS[signed2?"difference":
scale==="even"?"attention":"weights"][pageOf(ink)],offset=tone2=>Math.round(tone2*STEPS2)*3;function rgb(colours,tone2){
let i=offset(tone2);return`rgb(${colours[i]},${colours[i+1]},${colours[i+2]})`}function modelColour(name,ink){
let colours=MODELS[pageOf(ink)],model="AB".indexOf(name[0]);return model<0?ink.ink:colours[model]}function inkOn(colours,tone2){
let part=c=>{let value=colours[offset(tone2)+c]/255;return value<=.04045?value/12.92:((value+.055)/1.055)**
2.4};return .2126*part(0)+.7152*part(1)+.0722*part(2)>.179?"#000000":"#ffffff"}var curve=(scale,share)=>scale===
"sqrt"||scale==="even"?Math.sqrt(share):share,toneOfTimes=times=>Math.min(1,Math.max(0,.5+Math.log2(
times)/(2*OCTAVES)));function timesEven({grid,signed:signed2},query,value){if(signed2)return value*grid.
keysOf(query);let even=grid.even(query);return even?value/even:1}function tone(shading,query,value){
let{grid,signed:signed2,scale,most}=shading,even=scale==="even";if(even&&!signed2)return toneOfTimes(
timesEven(shading,query,value));let end=scale==="row"?grid.rowTops[query]:most,length=Math.abs(even?
timesEven(shading,query,value):value),t=curve(scale,end?Math.min(1,length/end):0);return signed2?.5+
Math.sign(value)*t/2:t}var isFaded=({grid,share},index)=>share<100&&grid.before[index]>=share/100;function painted(shading){
let{n,z}=shading.grid,pixels=new Uint8ClampedArray(n*n*4),colours=rampOf(shading.signed,shading.scale,
shading.ink);for(let q=0;q<n;q++)for(let k=0;k<=q;k++){let i=q*n+k;if(Number.isNaN(z[i]))continue;if(isFaded(
shading,i)){pixels.set(FADED,i*4);continue}let t=offset(tone(shading,q,z[i]));pixels[i*4]=colours[t],
pixels[i*4+1]=colours[t+1],pixels[i*4+2]=colours[t+2],pixels[i*4+3]=255}return pixels}function ticks(signed2,scale){
return signed2?[-1,-.25,0,.25,1]:scale==="sqrt"?[0,.01,.05,.1,.25,.5,1]:[0,.25,.5,.75,1]}var TIMES=[
[1/8,"\u2264 1/8"],[1/4,"1/4"],[1/2,"1/2"],[1,"even"],[2,"2\xD7"],[4,"4\xD7"],[8,"\u2265 8\xD7"]];function groupColour({
groups},place2){return groups?GROUPS[groups.coloured.indexOf(groups.each[place2])]??OTHER:null}function groupsHere({
groups}){if(!groups)return[];let{coloured,each}=groups,found=coloured.map((text,i)=>({text,colour:GROUPS[i]})).
filter(({text})=>each.includes(text));return each.every(group=>coloured.includes(group))?found:[...found,
{text:"other",colour:OTHER}]}var FRAMED=5,TINY=120,OLDER_NEWER="older \u2192 newer";function paintFrame(surface,data,shading,layout,down=0){
let frame={surface,data,shading,layout:{...layout,y:layout.y+down}};paintMissing(frame),layout.cell>=
FRAMED&&paintRepeats(frame),isNumbered(layout)&&paintNumbers(frame),data.groups&&paintBands(frame),paintTitles(
frame),paintAxes(frame)}function paintMissing({surface,shading,layout:{x,y,cell,line:line2,down}}){for(let i of shading.
grid.missing){let[across,along2]=[Math.max(1,cell*.1),Math.max(1,line2*.1)];surface.rect(x,y+i*line2+
line2*.45,(i+1)*cell,along2,MISSING_FILL),surface.rect(x+i*cell+cell*.45,y+i*line2,across,down-i*line2,
MISSING_FILL)}}function paintRepeats({surface,data,shading,layout:{x,y,cell,line:line2}}){let{n,items,
repeats}=data;for(let q=0;q<n;q++)if(repeats[q])for(let k=0;k<q;k++){if(items[k]!==items[q]||Number.
isNaN(shading.grid.z[q*n+k]))continue;let[left,top]=[x+k*cell+1,y+q*line2+1];surface.frame(left,top,
cell-2,line2-2,"#000000",2.5),surface.frame(left,top,cell-2,line2-2,"#ffffff",1)}}function cellText(shading,query,value){
return shading.scale!=="even"||shading.signed?short(value,shading.signed):shortTimes(timesEven(shading,
query,value))}function paintNumbers({surface,shading,layout:{x,y,cell,line:line2}}){let{n,z}=shading.
grid,{signed:signed2,scale,ink}=shading,colours=rampOf(signed2,scale,ink);for(let q=0;q<n;q++)for(let k=0;k<=
q;k++){let value=z[q*n+k];if(Number.isNaN(value)||isFaded(shading,q*n+k))continue;let fill=inkOn(colours,
tone(shading,q,value)),[middle,height]=[x+(k+.5)*cell,y+(q+.5)*line2],look={size:11,align:"center",fill};
surface.text(cellText(shading,q,value),middle,height,look)}}function paintBands({surface,data,layout:{
x,y,cell,line:line2,down,aligned}}){for(let i=0;i<data.n;i++){let colour=groupColour(data,i)??"none";
aligned||surface.rect(x-7,y+i*line2,4,line2+.3,colour),surface.rect(x+i*cell,y+down+3,cell+.3,4,colour)}}
function paintTitles({surface,data,shading,layout}){let{x,y,cell,down,every,width,aligned}=layout,{ink}=shading.
ink,missing=new Set(shading.grid.missing),font=Math.max(8.5,Math.min(12,cell*.86)),beside=Math.min(10,
font);for(let i=data.n-1;i>=0&&!aligned;i-=every){let middle=y+(i+.5)*cell,number2={size:beside,align:"\
right",fill:ink,alpha:.8};surface.text(data.slots[i],x-11,middle,number2);let from=x+(i+1)*cell+4,title=clipped(
itemName(data,i),width-from-2,font);surface.text(title,from,middle,{size:font,fill:ink,alpha:missing.
has(i)?.5:1})}let across=every*Math.ceil(19/(cell*every)),below=aligned?11:Math.min(10,Math.max(8.5,
font));for(let i=data.n-1;i>=0;i-=across){let number2={size:below,align:"center",fill:ink,alpha:.8};
surface.text(data.slots[i],x+(i+.5)*cell,y+down+15,number2)}}function paintAxes({surface,shading,layout:{
x,y,size,down,aligned}}){let tiny=size<TINY,look={size:11,fill:shading.ink.ink,alpha:.8},query=tiny?
"query":`query, ${OLDER_NEWER}`;aligned||surface.text(query,9,y+down/2,{...look,align:"center",turn:90});
let align=tiny?"left":"center",at=tiny?x:x+size/2;surface.text(`key, ${OLDER_NEWER}`,at,y+down+29,{...look,
align})}function shadingOf(board,grid,signed2,ink){let{scale,share,measure}=board.state.view,rows=scale==="r\
ow",top=scale==="even"?grid.topTimes:grid.top,most=rows?1:signed2?top:board.maps.largest(measure);return{
grid,signed:signed2,scale,share,most,ink}}function scaleLookOf(board,signed2,ink){let{scale,measure}=board.
state.view,found=signed2?board.axes.difference():null,even=scale==="even",end=found&&!isMissing(found)?
even?found.topTimes:found.top:board.maps.largest(measure);return{signed:signed2,scale,most:scale==="\
row"?1:end,ink}}var widthOf2=({kind,bar},one)=>one.kind?kind:bar+(one.column?.texts.length?EXTRA.words:0),Painter=class{constructor(board,surface,layout,order){
this.board=board;this.surface=surface;this.layout=layout;this.order=order}board;surface;layout;order;paint(columns){
this.titles();let{layout}=this;layout.blocks.forEach((block,i)=>{let kinds=columns[i].filter(one=>one.
kind),bars=columns[i].filter(one=>!one.kind),{x}=block;for(let one of kinds)one.kind&&this.kind(one,
one.kind,x),x+=layout.kind;bars.length&&kinds.length&&this.marks(kinds[kinds.length-1],bars[0],x),x+=
EXTRA.mark;for(let one of bars)this.bars(one,x),x+=widthOf2(layout,one)})}titles(){let{surface,order}=this,
{data,theme}=this.board,{line:line2,titles,titlesAt,font,every}=this.layout,{ink}=theme.ink;order.forEach(
(place2,row)=>{let middle=(row+.5)*line2,colour=groupColour(data,place2);if(colour&&surface.rect(titlesAt-
6,row*line2,3,line2+.3,colour),(order.length-1-row)%every)return;let slot={size:11,align:"right",fill:ink,
alpha:.75};surface.text(data.slots[place2],titlesAt-9,middle,slot);let title=clipped(itemName(data,place2),
titles-8,font);surface.text(title,titlesAt,middle,{size:font,fill:ink})})}kind({source,values,measure},kind,x){
let{surface,order}=this,{line:line2,kind:width}=this.layout,{data,theme,state}=this.board,from=data.
sources[source],spec={...inSource(data,panelOf(state.view,source),source),kind},found=this.board.maps.
grid({...spec,kind:shownKind(from,kind)},measure);if(isMissing(found))return;let shading=shadingOf(this.
board,found,!1,theme.ink),colours=rampOf(!1,shading.scale,theme.ink),last=lastPlace(from),marked=largest(
values);order.forEach((place2,row)=>{let value=values[place2];if(Number.isNaN(value))return;let faded=isFaded(
shading,last*data.n+shownAt(from,place2)),t=tone(shading,last,value),gap=line2>4?1:0,fill=faded?FADED_FILL:
rgb(colours,t);if(surface.rect(x+.5,row*line2,width-1,line2-gap,fill),line2<11||faded)return;let weight=marked.
has(place2)?700:400,look={size:11,align:"center",fill:inkOn(colours,t),weight};surface.text(cellText(
shading,last,value),x+width/2,(row+.5)*line2,look)})}marks(mixed,effect,x){let{surface,order}=this,{
line:line2}=this.layout,{data,theme}=this.board,count=mixed.values.filter(value=>!Number.isNaN(value)).
length,sum=mixed.values.reduce((all,value)=>all+(Number.isNaN(value)?0:value),0);if(!sum||line2<6)return;
let times=mixed.values.map(value=>value*count/sum),found=disagreements(times,effect.values),middle=x+
EXTRA.mark/2;order.forEach((place2,row)=>{let sort=found.get(place2);if(!sort||!data.n)return;let fill=theme.
ink.ink,y=(row+.5)*line2;sort==="unattended"?surface.dot(middle,y,3,fill,!0):surface.dot(middle,y,3,
fill,!1)})}bars({source,column,values},x){let{surface,layout,order}=this,{data,theme}=this.board,{line:line2,
bar:width}=layout,page=pageOf(theme.ink),[least,most]=this.ends(column?.title??""),marked=largest(values),
unit=most-least?(width-8)/(most-least):0,nothing=x+2-least*unit;surface.rect(nothing-.5,0,1,line2*order.
length,theme.ink.ink,.25),order.forEach((place2,row)=>{let value=values[place2];if(Number.isNaN(value))
return;let middle=(row+.5)*line2,length=Math.abs(value)*unit,thick=Math.max(1,Math.min(9,line2*.55)),
fill=(value<0?HURTS:HELPS)[page],left=value<0?nothing-length:nothing,strong=marked.has(place2);surface.
rect(left,middle-thick/2,Math.max(1,length),thick,fill,strong?1:.5);let text=column?.texts[data.sources[source].
itemAt[place2]];if(!text||!strong||line2<11)return;let look={size:11,fill:theme.ink.ink};surface.text(
text,Math.max(nothing,left+length)+3,middle,look)})}ends(title){let known=this.board.data.sources.flatMap(
({columns})=>columns.filter(column=>column.title===title).flatMap(({values})=>values)).map(value=>value??
0);return[Math.min(0,...known),Math.max(0,...known)]}};var STEPS3=new Map([["ArrowUp",[-1,0]],["ArrowDown",[1,0]],["ArrowLeft",[0,-1]],["ArrowRight",[0,1]],
["PageUp",[-5,0]],["PageDown",[5,0]]]);function steered(pressed,from,n){let{query}=from,key=from.key??
query,point=cell=>({act:"point",cell});switch(pressed){case"Enter":case" ":return{act:"lock",cell:{query,
key}};case"r":case"R":return{act:"lock",cell:{query,key:null}};case"Home":return point({query,key:0});case"\
End":return point({query,key:query})}let step=STEPS3.get(pressed);if(!step)return null;let row=Math.
max(0,Math.min(n-1,query+step[0]));return point({query:row,key:Math.max(0,Math.min(row,key+step[1]))})}
var sameCell=(a,b)=>a===b||a!==null&&b!==null&&a.query===b.query&&a.key===b.key,afterClick=(cell,locked,asked)=>sameCell(
cell,locked)&&asked?null:cell;function cellUnder(board,drawn,event){let{data}=board,canvas=drawn.canvas.getBoundingClientRect(),x=event.
clientX-canvas.left,y=event.clientY-canvas.top;if(drawn.type==="evidence"){let row=rowAt(drawn,drawn.
order.length,y);if(row===null)return null;let block=drawn.blocks.find(one=>x<=one.x+one.width)??drawn.
blocks[0],{layer:layer2,head:head2}=panelOf(board.state.view,block.source);return{query:lastPlace(data.
sources[block.source]),key:drawn.order[row],layer:layer2,head:head2}}let{places}=drawn.axis,found=cellAt(
drawn,places.length,x,y);if(!found)return null;let{layer,head}=drawn.spec,key=drawn.type==="small"?found.
key??found.query:found.key;return{query:places[found.query],key:key===null?null:places[key],layer,head}}
function pointing(board,node,drawn){let{reading,state}=board;node.addEventListener("pointermove",event=>{
state.steered&&(state.steered=!1,reading.draw());let cell=cellUnder(board,drawn,event);board.point(cell),
cell?reading.showTip(event,cell):reading.hideTip()}),node.addEventListener("pointerleave",()=>{board.
point(null),reading.hideTip()}),drawn.type!=="small"&&node.addEventListener("click",event=>{let cell=cellUnder(
board,drawn,event);if(!cell)return;let asked=state.lockedOn===null||state.lockedOn===board.mapsOnView();
board.lock(afterClick(cell,state.view.lock,asked))})}function startOf(board,{axis,spec}){let source=board.
data.sources[spec.source],last=axis.places.length-1,from=board.state.hover??board.state.view.lock,query=from?
indexIn(axis,source,from.query):-1,key=from?.key==null?query:indexIn(axis,source,from.key);return query<
0||key<0||key>query?{query:last,key:last}:{query,key}}function steering(board,node,drawn){let{reading,
state}=board;node.addEventListener("keydown",event=>{let{axis}=drawn,n=axis.places.length,found=steered(
event.key,startOf(board,drawn),n);if(!found)return;event.preventDefault();let{layer,head}=drawn.spec,
{query,key}=found.cell,cell={...{query:axis.places[query],key:key===null?null:axis.places[key]},layer,
head};if(found.act==="lock"){board.lock(cell),reading.hideTip();return}board.point(cell),state.steered=
!0,reading.draw();let at=drawn.canvas.getBoundingClientRect(),clientX=at.left+drawn.x+((key??query)+
.5)*drawn.cell,clientY=at.top+drawn.y+(query+.5)*drawn.line;reading.showTip({clientX,clientY},cell),
reading.say(cell)}),node.addEventListener("blur",()=>{state.steered&&(state.steered=!1,reading.hideTip(),
board.point(null),reading.draw())})}var HEADS={first:"first",second:"second",refined:"attends refined"},ALONE="attends first",NARROW=36,
NARROW_BAR=66,NARROW_HEADS={first:"1st",second:"2nd",refined:"mix"},sourcesOnView=({data,state})=>{let found=new Set(
state.view.panels.map(({source})=>source));return[...data.sources.keys()].filter(source=>found.has(source))},
Evidence=class{constructor(board){this.board=board;let sheet=new Sheet,first=board.data.sources[0],place2={
x:0,y:0,cell:0,line:1,width:0,order:[],first,blocks:[]},spec=board.state.view.panels[0];this.own={type:"\
evidence",sheet,canvas:this.canvas,spec,...place2},this.canvas.setAttribute("role","img"),this.holder.
append(this.canvas,sheet.over),this.box.append(this.above,this.heads,this.holder),pointing(board,this.
canvas,this.own)}board;box=element("div","ab-evidence");drawn=[];above=element("div","ab-above");heads=element(
"div","ab-heads");holder=element("div","ab-box");canvas=element("canvas");own;headsFor="";sort=null;draw(layout){
let{data,theme,state}=this.board,sources=sourcesOnView(this.board),columns=sources.map(source=>this.
columnsOf(source)),named=columns.flat().map(one=>this.nameOf(one));this.sort!==null&&!named.includes(
this.sort)&&(this.sort=null);let by=columns.flat().find(one=>this.nameOf(one)===this.sort),rows=this.
board.axes.rows(),order=by?sortedBy(by.values).filter(row=>rows.includes(row)):rows,first=data.sources[sources[0]];
this.drawHeads(layout,columns);let context=sized(this.canvas,layout.width,layout.height);new Painter(
this.board,new CanvasSurface(context),layout,order).paint(columns);let blocks=layout.blocks.map((block,i)=>({
...block,source:sources[i]})),{x,y,cell,line:line2,width,height}=layout,drawn={spec:state.view.panels[0],
x,y,cell,line:line2,width,order,first,blocks};Object.assign(this.own,drawn),this.own.sheet.fit(width,
height),this.drawn=[this.own];let words2="One row per item, oldest first: attention of the newest it\
em (the prediction) to it in each model, and the score that the target loses without it";this.canvas.
ariaLabel!==words2&&this.canvas.setAttribute("aria-label",words2),this.canvas.dataset.look=theme.name}nameOf({
source,kind,measure,column}){return[this.board.data.sources[source].name,kind??column?.title,measure].
join(".")}columnsOf(source){let{data,maps,state}=this.board,from=data.sources[source],spec=inSource(
data,panelOf(state.view,source),source),last=lastPlace(from)*data.n,rows=this.board.axes.rows(),{reordered}=this.
board.axes,onRows=values=>reordered?byItem(values,from,rows):values,{facts,measure:chosen}=state.view,
cells=(kind,measure)=>{let found=maps.grid({...spec,kind},measure),values=new Float64Array(data.n).fill(
NaN);return isMissing(found)||values.set(found.z.subarray(last,last+data.n)),{source,kind,measure,column:null,
values:onRows(values)}},kinds=shownKinds(from,facts).map(kind=>cells(kind,chosen));facts.includes("v\
alue")&&kinds.push(cells(shownKind(from,"refined"),"contribution"));let columns=barsOf(from,this.board.
width,facts).map(column=>{let values=new Float64Array(data.n).fill(NaN);return column.values.forEach(
(value,i)=>{values[from.places[i]]=value??NaN}),{source,kind:null,measure:chosen,column,values:onRows(
values)}});return[...kinds,...columns]}drawHeads(layout,columns){let{data,theme,state}=this.board,{panels}=state.
view,headsFor=[...[data.signature,theme.name,JSON.stringify(layout),this.sort],JSON.stringify(panels)].
join();if(headsFor===this.headsFor)return;this.headsFor=headsFor;let time=this.head("older \u2193 newer",
"Items of the history, oldest first",null);place(time,layout.titlesAt,layout.titles);let parts=[time];
layout.blocks.forEach((block,i)=>{let{source}=columns[i][0],from=data.sources[source],name=element("\
span","ab-side",`${from.name} `);name.style.color=modelColour(from.name,theme.ink),name.append(element(
"span","",from.title)),name.title=`${from.name}: ${from.title}`,place(name,block.x,block.width),parts.
push(name);let x=block.x;for(let one of columns[i]){one===columns[i].find(other=>!other.kind)&&(x+=EXTRA.
mark);let width=widthOf2(layout,one),head=this.head(this.headText(one,width),this.about(one),this.nameOf(
one));place(head,x,width),x+=width,parts.push(head)}}),this.heads.replaceChildren(...parts);for(let part of[
this.heads,this.above])part.style.width=`${layout.width}px`}head(text,about,sort){let made=button("a\
b-sort",text,`Sort the rows: ${about}`);return made.title=`${about}. Click to sort the rows by it.`,
sort===null&&(made.title=`${about}. Click to sort by time.`),made.setAttribute("aria-pressed",String(
this.sort===sort)),made.onclick=()=>{this.sort=sort,this.board.redraw()},made}headText({source,kind,
measure,column},width){let{data,state}=this.board,from=data.sources[source];if(!kind){let ranked=column?.
texts.length&&width>NARROW_BAR;return`${column?.title}${ranked?": score\xA0\u2192\xA0rank":""}`}return measure!==
state.view.measure?"\xD7 value":from.floor!==null?kindName(from,kind):width<NARROW?NARROW_HEADS[from.
unrefined?"refined":kind]:from.unrefined?ALONE:HEADS[kind]}about({source,kind,measure,column}){let{data,
state}=this.board,from=data.sources[source];if(!kind)return`${from.name}: ${column?.about}`;let{layer,
head}=inSource(data,panelOf(state.view,source),source),what=from.unrefined?kindName(from,kind):KINDS[kind],
length=measure==="contribution"?", times the length of the value":"",where=`layer ${layer+1}, ${headName(
head)}${length}`;return`${from.name}: what the newest item attends to, ${what}, ${where}`}};function place(part,left,width){
part.style.left=`${left}px`,part.style.width=`${width}px`}var Axes=class{constructor(board){this.board=board}board;get onView(){return sourcesOnView(this.board).
map(source=>this.board.data.sources[source])}get reordered(){let[first,second]=this.onView;return this.
board.state.view.mode!=="flow"&&!!first&&!!second&&isReordered(first,second)}rows(){return this.board.
state.view.mode==="flow"?[...Array(this.board.data.n).keys()]:(this.reordered?rowsOf:sharedPlaces)(this.
onView)}places(source){return this.reordered?this.board.data.sources[source].places:this.rows()}axis(source){
let{data}=this.board;return this.reordered?ownAxis(data,data.sources[source]):axisOf(data,this.rows())}grid(spec){
return this.board.maps.on(this.places(spec.source),spec,this.board.state.view.measure)}difference(){
let{panels,measure}=this.board.state.view;return this.board.maps.on(this.places(panels[0].source),panels,
measure)}};var COPY="Copy link",Bar=class{constructor(board){this.board=board}board;box=element("div","ab-bar");controls=[];builtFor="";draw(){
let{data,state}=this.board,{sources}=data,names=sources.map(({name})=>name),buildFor=JSON.stringify(
[names,sources.length>2&&pairs(data,state.view)]);if(buildFor===this.builtFor)for(let control of this.
controls)control.follow();else this.build();this.builtFor=buildFor}build(){let{sources}=this.board.data,
two=sources.length>1,first=[...two?[this.choice("View","mode",MODES)]:[],...sources.length>2?[this.compare()]:
[],this.choice("Colours","scale",SCALES),...two?[this.linked()]:[]],seldom=[this.choice("Cells show",
"measure",MEASURES),this.choice("Size","size",SIZES),this.share()],facts=this.facts();this.controls=
[...first,...seldom,facts];let more=element("details","ab-more"),drawer=element("div","ab-drawer");drawer.
append(...seldom.map(({part})=>part),facts.part,this.acts()),more.append(element("summary","ab-act",
"More"),drawer);let right=element("span","ab-right");right.append(this.board.help.opener(),more),this.
box.replaceChildren(...first.map(({part})=>part),right)}choice(label,key,words2){let options=keysOf(
words2).map(value=>[value,words2[value]]);return chooser(label,options,()=>this.board.state.view[key],
value=>{this.board.set({[key]:value})})}compare(){let{board}=this,{state}=board,named=pair=>pair.split(
"|").map(source=>board.data.sources[Number(source)].name).join(" with ");return chooser("Compare",pairs(
board.data,state.view).map(pair=>[pair,named(pair)]),()=>comparedPair(state.view),pair=>{board.set({
panels:ofPair(board.data,state.view,pair)})})}share(){let{state}=this.board,part=element("label","",
""),words2=element("span"),slider=element("input");slider.type="range";for(let[name,value]of Object.
entries(SHARES))slider.setAttribute(name,String(value));slider.setAttribute("aria-label","Share of e\
ach row's weight to show");let say=()=>{let all=slider.value==="100";words2.textContent=all?"All key\
s of a row":`Keys that make up ${slider.value} %`,slider.setAttribute("aria-valuetext",words2.textContent)};
slider.oninput=()=>{say(),this.board.set({share:Number(slider.value)})};let follow=()=>{words2.textContent&&
Number(slider.value)===state.view.share||(slider.value=String(state.view.share),say())};return follow(),
part.append(words2,slider),{part,follow}}linked(){let{board}=this,{state}=board,part=element("label",
"ab-check"),tick2=element("input");tick2.type="checkbox",tick2.setAttribute("aria-label","Same layer\
, head and map on both sides"),tick2.onchange=()=>{let{panels}=state.view,linked=tick2.checked;board.
set({linked,panels:linked?alike(board.data,panels,panels[0]):panels})};let follow=()=>{tick2.checked=
state.view.linked};return follow(),part.append(tick2,element("span","","same map on both sides")),{part,
follow}}facts(){let{board}=this,part=element("fieldset","ab-facts");part.append(element("legend","",
"Columns"));let ticks2=keysOf(FACTS).map(fact=>{let label=element("label","ab-check"),tick2=element(
"input");return tick2.type="checkbox",tick2.onchange=()=>{let chosen=keysOf(FACTS).filter((_,i)=>ticks2[i].
checked);chosen.length?board.set({facts:chosen}):follow()},label.append(tick2,element("span","",FACTS[fact])),
part.append(label),tick2}),follow=()=>{keysOf(FACTS).forEach((fact,i)=>{ticks2[i].checked=board.state.
view.facts.includes(fact)})};return follow(),{part,follow}}acts(){let{board}=this,acts=element("span",
"ab-acts"),add=(text,label,act)=>{let made=button("ab-act",text,label);made.title=label,made.onclick=
()=>{act(made)},acts.append(made)};return add("PNG","Download the large maps as PNG",()=>{board.downloads.
png()}),add("SVG","Download the large maps as SVG",()=>{board.downloads.svg()}),add("HTML","Download\
 the board as an offline page",()=>{board.downloads.page()}),board.inApp&&add(COPY,"Copy a link to t\
his view",pressed=>{copyAddress(board,pressed)}),acts}};function copyAddress(board,pressed){let say=text=>{
pressed.textContent=text,setTimeout(()=>{pressed.textContent=COPY},1800)};board.bookmark.write();let clipboard=navigator.
clipboard,fallback=()=>{say("In the address bar")};clipboard?clipboard.writeText(location.href).then(
()=>{say("Copied")},fallback):fallback()}var board_default=`.ab {
  font-family: var(--st-font, system-ui, sans-serif);
  font-size: 14px;
  color: var(--st-text-color, #1f2430);
  position: relative;
  line-height: 1.35;
  text-align: left;
}
.ab * {
  box-sizing: border-box;
}
.ab-bar {
  display: flex;
  flex-wrap: wrap;
  gap: 6px 14px;
  align-items: center;
  margin-bottom: 6px;
}
.ab .ab-bar select {
  max-width: 14em;
}
.ab-right {
  display: flex;
  gap: 6px;
  align-items: center;
  margin-left: auto;
}
.ab-more {
  position: relative;
}
.ab-more > summary {
  list-style: none;
  cursor: pointer;
  font-size: 13px;
  padding: 4px 10px;
  border: 1px solid var(--st-border-color, #d5d9e0);
  border-radius: 6px;
}
.ab-drawer {
  position: absolute;
  right: 0;
  top: 34px;
  z-index: 6;
  display: grid;
  gap: 10px;
  width: 270px;
  padding: 12px;
  border-radius: 8px;
  background: var(--st-background-color, #fff);
  border: 1px solid var(--st-border-color, #d5d9e0);
  box-shadow: 0 3px 14px #0004;
}
.ab-drawer label,
.ab-drawer .ab-facts {
  display: grid;
  grid-template-columns: 1fr 1fr;
  gap: 4px 8px;
  margin: 0;
  padding: 0;
  border: 0;
  font-size: 12.5px;
}
.ab-facts legend {
  padding: 0;
}
.ab-drawer .ab-facts label {
  justify-content: flex-start;
}
.ab-acts {
  justify-content: space-between;
}
.ab-acts {
  display: flex;
  flex-wrap: wrap;
  gap: 6px;
}
.ab label {
  display: inline-flex;
  margin: 0;
  align-items: center;
  gap: 6px;
  font-size: 12.5px;
}
.ab select,
.ab button.ab-act {
  font: inherit;
  font-size: 13px;
  color: inherit;
  height: 30px;
  padding: 2px 8px;
  background: var(--st-secondary-background-color, #f2f4f7);
  border: 1px solid var(--st-border-color, #d5d9e0);
  border-radius: 6px;
  max-width: 100%;
}
.ab select option {
  color: #1f2430;
  background: #fff;
}
.ab button.ab-act {
  cursor: pointer;
}
.ab button:focus-visible,
.ab select:focus-visible,
.ab input:focus-visible,
.ab [tabindex]:focus-visible {
  outline: 2px solid var(--st-primary-color, #2f5fc4);
  outline-offset: 2px;
}
.ab input[type="range"] {
  width: 130px;
  height: 30px;
  margin: 0;
  accent-color: var(--st-primary-color, #2f5fc4);
}
.ab input[type="checkbox"] {
  accent-color: var(--st-primary-color, #2f5fc4);
  margin: 0;
  width: 15px;
  height: 15px;
}
.ab-note {
  font-size: 12px;
  opacity: 0.8;
  margin: 4px 0 10px;
  max-width: 110ch;
}
`;var SOON_MS=150,WANTED="attention-board-address",visits=new Map,opened=!1;function openingHash(data){
return[location.hash,openedHash(),leftHash(data)].find(hash=>hash!=="")??data.payload.view??""}function openedHash(){
if(opened)return"";opened=!0;let entries=performance.getEntriesByType("navigation");return entries.length?
new URL(entries[0].name).hash:""}function leftHash({signature}){let visit=visits.get(location.pathname);
return visit?visit.signature===signature?visit.hash:withoutLock(visit.hash):""}var Bookmark=class{constructor(board){
this.board=board;let write=()=>{board.box.isConnected?this.write():document.removeEventListener(WANTED,
write)};document.addEventListener(WANTED,write);let follow=()=>{board.box.isConnected?isView(location.
hash)&&this.follow():removeEventListener("hashchange",follow)};addEventListener("hashchange",follow)}board;isKept=!1;soon=0;follow(){
let{board}=this,{view,strange}=fromHash(board.data,location.hash,board.state.view),lockedOn=view.lock&&
JSON.stringify(view.panels);Object.assign(board.state,{view,strange,lockedOn}),board.redraw(),board.
tellLock(!0)}remember(){let{data,state}=this.board,hash=toHash(data,state.view);visits.set(location.
pathname,{hash,signature:data.signature})}writeSoon(){this.remember(),clearTimeout(this.soon),this.soon=
window.setTimeout(()=>{this.write()},SOON_MS)}write(){clearTimeout(this.soon);let{board}=this;board.
box.isConnected&&(this.isKept=board.inApp,this.remember(),this.restore())}restore(){let hash=toHash(
this.board.data,this.board.state.view);this.isKept&&location.hash!==hash&&history.replaceState(history.
state,"",location.pathname+location.search+hash)}};var SIZE={width:318,line:13,left:190,right:262,font:11},THICK={all:30,least:1.5};function bandsOf({terms,
others,other,total:total3},ink){let rows=terms.map(({label,value})=>({label,value}));others&&rows.push(
{label:`${others} other${others>1?"s":""}`,value:other});let{width,line:line2,left,right,font}=SIZE,
height=Math.max(rows.length*line2,THICK.all)+2,drawn=svg("svg",{width,height,viewBox:`0 0 ${width} ${height}`,
role:"img"}),list=rows.map(({label,value})=>`${label} ${signed(value)}`).join(", ");drawn.setAttribute(
"aria-label",`${list}; sum ${signed(total3)}`);let sum=rows.reduce((all,{value})=>all+Math.abs(value),
0)||1,unit=(THICK.all-rows.length*THICK.least)/sum,end=(height-THICK.all)/2;return rows.forEach(({label,
value},i)=>{let thick=THICK.least+Math.abs(value)*unit,[y,to]=[(i+.5)*line2+1,end+thick/2];end+=thick;
let bend=(left+right)/2,d=`M${left} ${y}C${bend} ${y} ${bend} ${to} ${right} ${to}`,stroke=(value<0?
LESS:MORE)[pageOf(ink)];drawn.append(svg("path",{d,stroke,"stroke-width":thick,fill:"none"}));let text=`${clipped(
label,left-54,font)}  ${signed(value)}`;drawn.append(words(text,left-5,y,"end"))}),drawn.append(words(
signed(total3),right+6,height/2,"start",700)),drawn}function words(text,x,y,anchor,weight=400){let made=svg(
"text",{x,y,dy:".35em","text-anchor":anchor,"font-weight":weight});return made.setAttribute("font-si\
ze",String(SIZE.font)),made.setAttribute("fill","currentColor"),made.textContent=text,made}var THICK2={least:.75,most:13},NEAR=4,STEPS4=16;function strands(flow,{x,y,line:line2,width,places}){
let step=width/flow.first.length,middle=place2=>y+(place2+.5)*line2,drawn=flow.first.map((_,layer)=>{
let found=[],add=(query,key,path,value)=>{if(!value)return;let[q,k]=[places[query],places[key]],from={
x:x+layer*step,y:middle(k)},to={x:x+(layer+1)*step,y:middle(q)};found.push({layer,query:q,key:k,path,
value,from,to,thick:0})};for(let q=0,i=0;q<places.length;q++){for(let k=0;k<=q;k++,i++)add(q,k,"firs\
t",flow.first[layer][i]),add(q,k,"refinement",flow.refinement[layer]?.[i]??0);add(q,q,"residual",flow.
residual[layer][q])}return found.sort((a,b)=>Math.abs(b.value)-Math.abs(a.value)),found.slice(0,60)}).
flat(),top=Math.max(0,...drawn.map(({value})=>Math.abs(value))),enough=drawn.filter(({value})=>Math.
abs(value)>=.01*top);for(let strand of enough)strand.thick=Math.max(THICK2.least,Math.abs(strand.value)/
top*THICK2.most);return enough.sort((a,b)=>b.thick-a.thick)}function along({from,to},t){let bend=(from.
x+to.x)/2,cubic=(a,b,c,d)=>a*(1-t)**3+3*b*t*(1-t)**2+3*c*t**2*(1-t)+d*t**3;return{x:cubic(from.x,bend,
bend,to.x),y:cubic(from.y,from.y,to.y,to.y)}}function underPoint(drawn,x,y){let best=null;for(let strand of drawn)
if(!(x<strand.from.x-NEAR||x>strand.to.x+NEAR))for(let i=0;i<=STEPS4;i++){let point=along(strand,i/STEPS4),
far=Math.hypot(point.x-x,point.y-y),distance=Math.max(0,far-strand.thick/2);distance<=NEAR&&(best===
null||distance<=best.distance)&&(best={strand,distance})}return best?.strand??null}var total=values=>[
...values].reduce((a,b)=>a+b,0),layerSums=flow=>flow.first.map((first,layer)=>({first:total(first),refinement:total(
flow.refinement[layer]??[]),residual:total(flow.residual[layer]),constants:flow.constants[layer]}));var PATHS={first:"first order",refinement:"refinement",residual:"around attention",constants:"consta\
nts"},FLOW_HELP="its parts by path. Click a band to cut it in the model.",KEYS_SAID=3,Dock=class{constructor(board){
this.board=board}board;box=element("div","ab-dock");drawnFor="";draw(){let{data,state,theme,answers}=this.
board,{lock,panels,mode}=state.view,{whys=[],cut=null,flows=[]}=answers.now??{},look=[lock&&whys,panels,
mode,cut,flows.length],drawFor=JSON.stringify([data.signature,theme.name,lock,...look]);if(drawFor===
this.drawnFor)return;this.drawnFor=drawFor;let flowing=mode==="flow"&&flows.length>0;if(this.box.hidden=
lock===null&&!flowing,this.box.replaceChildren(),!lock&&flowing&&this.box.append(...panels.map(spec=>this.
sums(spec,cut))),!lock)return;this.box.append(...panels.map(spec=>this.part(spec,lock,whys)));let release=button(
"ab-close","\xD7","Release the locked cell");release.title="Release the locked cell (Escape)",release.
onclick=()=>{this.board.lock(null)},this.box.append(release)}part(spec,lock,whys){let{data,theme}=this.
board,source=data.sources[spec.source],made=element("div","ab-dock-part"),words2=element("div","ab-s\
aid"),letter=element("b","",source.name);if(letter.style.color=modelColour(source.name,theme.ink),words2.
append(letter,` ${lock.key===null?this.row(spec,lock):this.cell(spec,lock)}`),words2.title=`${this.where(
spec)}: ${words2.textContent}`,made.append(words2),lock.key===null)return made;let kind=shownKind(source,
spec.kind),why=whys.find(one=>one.source===source.name&&one.layer===spec.layer&&one.head===spec.head&&
one.kind===kind);return why&&(words2.append(` = ${why.text}`),words2.title=`${this.where(spec)}: ${words2.
textContent}`,why.terms.length>1&&made.append(bandsOf(why,theme.ink))),made}sums({source},cut){let{data,
theme,answers}=this.board,{name}=data.sources[source],made=element("div","ab-dock-part"),flow=answers.
flow(name);if(!flow)return made;let letter=element("b","",name);letter.style.color=modelColour(name,
theme.ink);let words2=element("div","ab-said");words2.append(letter,` score ${signed(flow.score)}${cut?
"":`: ${FLOW_HELP}`}`),cut?.band.source===name&&words2.append(`. ${this.cut(cut)}`),words2.title=words2.
textContent;let table=element("table"),head=element("tr");head.append(element("th"));for(let path of keysOf(
PATHS))head.append(element("th",`ab-path ab-${path}`,PATHS[path]));return table.append(head),layerSums(
flow).forEach((sums,layer)=>{let row=element("tr");row.append(element("td","",`layer ${layer+1}`));for(let path of keysOf(
PATHS))row.append(element("td","",signed(sums[path])));table.append(row)}),made.append(words2,table),
made}cut({band,before,after}){let{slots}=this.board.data,what=band.part==="refinement"?"Refinement u\
ndone":"Cut",scores=`score ${signed(before.score)} \u2192 ${signed(after.score)}`,ranks=`rank ${before.
rank} \u2192 ${after.rank}`,where=`${slots[band.key]} \u2192 ${slots[band.query]} in layer ${band.layer+
1}`;return`${what}, ${where}: ${scores}, ${ranks}.`}where({source,layer,head,kind}){let from=this.board.
data.sources[source];return`${from.unrefined?kindName(from,shownKind(from,kind)):KINDS[kind]}, layer\
 ${layer+1}, ${headName(head)}`}cell(spec,{query,key}){let{data}=this.board,source=data.sources[spec.
source],at=cellIn(data,source,{query,key}),found=this.board.maps.grid(spec,"weight");if(at===null||isMissing(
found))return"has no such cell.";let weight=found.z[at],row=Math.floor(at/data.n),times=shortTimes(weight/
found.even(row));return`gives ${data.titles[key??query]} ${times}\xD7 an even share, ${digits(weight)}`}row(spec,{
query}){let{data}=this.board,source=data.sources[spec.source],place2=source.where[query],found=this.
board.maps.grid(spec,"weight");if(place2<0||isMissing(found))return"has no such row.";let keys=source.
places.filter(key=>key<=place2),weight=key=>found.z[place2*data.n+key];keys.sort((a,b)=>weight(b)-weight(
a));let even=found.even(place2),shares=keys.slice(0,KEYS_SAID).map(key=>`${data.titles[key]} ${shortTimes(
weight(key)/even)}\xD7`);return`row ${data.slots[place2]} gives most to ${shares.join(", ")}`}};var WIDTH=300,HEIGHT=30,STEPS5=128,ENDS=15;function scaleName({measure,scale},signed2){let what=measure===
"weight"?"weight":"weight \xD7 value norm",how={even:" \xF7 that of an even row",row:", as a share o\
f its row's maximum",sqrt:" (square-root colours)",linear:""};return(signed2?"difference of ":"")+what+
how[scale]}function paintScale(surface,{signed:signed2,scale,most,ink},x,y,width){let colours=rampOf(
signed2,scale,ink),inner=width-2*ENDS;for(let i=0;i<STEPS5;i++){let left=x+ENDS+i/STEPS5*inner;surface.
rect(left,y+2,inner/STEPS5+.5,9,rgb(colours,i/(STEPS5-1)))}let look={size:11,align:"center",fill:ink.
ink,alpha:.9};for(let[t,text]of marks(signed2,scale,most))surface.text(text,x+ENDS+t*inner,y+20,look)}
function marks(signed2,scale,most){return scale==="even"&&!signed2?TIMES.map(([times,text])=>[toneOfTimes(
times),text]):ticks(signed2,scale).map(share=>{let along2=curve(scale,Math.abs(share));return[signed2?
.5+Math.sign(share)*along2/2:along2,tick(share,most,signed2)]})}var Legend=class{constructor(board){
this.board=board}board;box=element("div","ab-key");drawnFor="";draw(){let{data,theme,state}=this.board,
{view}=state,difference=view.mode==="difference",found=difference?this.board.axes.difference():null,
signedTop=found&&!isMissing(found)?found.top:null,look=[signedTop,difference,view.measure,view.scale,
view.share<100],drawFor=[data.signature,theme.name,...look,window.devicePixelRatio].join();if(drawFor!==
this.drawnFor){this.drawnFor=drawFor,this.box.replaceChildren();for(let signed2 of signedTop===null?
[!1]:[!0,!1]){let name=scaleName(view,signed2),where=difference&&!signed2?"small maps and last row: ":
"";this.box.append(element("span","",where+name),this.scale(signed2,name))}this.box.append(...this.evidence()),
this.box.append(element("span","","small maps: layer\xB7head, evenness")),view.share<100&&this.box.append(
swatch(FADED_KEY,"other keys")),data.groups&&(this.box.append(element("span","",`${data.groups.name}\
, first listed:`)),this.box.append(...groupsHere(data).map(({text,colour})=>swatch(colour,text))))}}evidence(){
let{data,theme}=this.board;if(!data.sources.some(({columns})=>columns.length))return[];let page=pageOf(
theme.ink);return[swatch(HELPS[page],"helps the target"),swatch(HURTS[page],"hurts it"),element("spa\
n","","bold: three largest"),element("span","","\u25CF missed: important, less than an even share"),
element("span","","\u25CB overrated: unimportant, at least twice an even share")]}scale(signed2,name){
let canvas=element("canvas"),surface=new CanvasSurface(sized(canvas,WIDTH,HEIGHT));return paintScale(
surface,scaleLookOf(this.board,signed2,this.board.theme.ink),0,0,WIDTH),canvas.setAttribute("role","\
img"),canvas.setAttribute("aria-label",name),canvas}};var WIDTH2=340,MARGIN=6,ROOM=WIDTH2-2*MARGIN,SIZE2=10.5,SCALE={width:320,height:30},GROUP_LINE=15,Figure=class{constructor(board){
this.board=board;let{data,state}=board,{view}=state,[left,right]=view.panels;this.signed=view.mode===
"difference",data.title&&this.say(data.title,600);let found=this.signed?board.axes.difference():null;
if(found)this.map(found,`${this.name(right)}; minus ${this.name(left)}`,left);else for(let spec of view.
panels)this.map(board.axes.grid(spec),this.name(spec),spec);(!found||!isMissing(found))&&this.scale(),
data.groups&&this.groups(`${data.groups.name}, first listed:`),this.height+=MARGIN}board;width=WIDTH2;height=MARGIN;steps=[];signed;paint(surface){
surface.rect(0,0,this.width,this.height,PRINT.paper);for(let step of this.steps)step(surface)}name(spec){
let{data}=this.board;return`${data.sources[spec.source].title}: ${mapName(data,spec)}`}say(text,weight=400){
for(let line2 of wrapped(text,ROOM,part=>measured(part,SIZE2))){let middle=this.height+SIZE2*.7,look={
size:SIZE2,weight,fill:PRINT.ink};this.steps.push(surface=>{surface.text(line2,MARGIN,middle,look)}),
this.height+=SIZE2*1.35}}map(found,title,{source}){let{data}=this.board.axes.axis(source);if(this.height+=
4,this.say(title),this.height+=2,isMissing(found)){this.say(found.why);return}let layout={...mapLayout(
data.slots,WIDTH2),width:WIDTH2},shading=shadingOf(this.board,found,this.signed,PRINT),top=this.height;
this.steps.push(surface=>{surface.cells(painted(shading),{...layout,y:top+layout.y}),paintFrame(surface,
data,shading,layout,top)}),this.height+=layout.height}scale(){this.height+=4,this.say(scaleName(this.
board.state.view,this.signed));let look=scaleLookOf(this.board,this.signed,PRINT),top=this.height;this.
steps.push(surface=>{paintScale(surface,look,MARGIN,top,SCALE.width)}),this.height+=SCALE.height}groups(heading){
this.say(heading);let x=MARGIN;for(let{text,colour}of groupsHere(this.board.data)){let label=clipped(
text,ROOM-20,SIZE2),width=16+measured(label,SIZE2)+10;x+width>ROOM&&x>MARGIN&&(x=MARGIN,this.height+=
GROUP_LINE);let[left,top]=[x,this.height];this.steps.push(surface=>{surface.rect(left,top+1,9,9,colour),
surface.text(label,left+13,top+6,{size:SIZE2,fill:PRINT.ink})}),x+=width}this.height+=GROUP_LINE}};var UNTITLED="Attention board",DATA="data",SCRIPT="script",tellParent=lock=>{parent.postMessage({attentionBoard:"\
lock",lock},"*")};function openPage(mount2){let data=document.getElementById(DATA),root=document.getElementById(
"board"),heading=document.getElementById("title");if(data?.getAttribute("type")!=="application/json"||
!root||!heading)return;let payload=JSON.parse(data.textContent);heading.textContent=payload.title||UNTITLED,
mount2(root,payload,parent===window?null:tellParent)}function pageOf2(payload){let page=new DOMParser().
parseFromString(payload.page,"text/html");page.title=payload.title||UNTITLED;let put=(id,text)=>{let place2=page.
getElementById(id);if(!place2)throw new Error(`the page has no element ${id}`);place2.textContent=text};
return put(DATA,JSON.stringify(payload).replace(/</g,"\\u003c")),put(SCRIPT,`${attentionBoard.toString()}\

attentionBoard();
`),`<!doctype html>
${page.documentElement.outerHTML}
`}var DENSITY=4,KEPT_MS=1e4,Downloads=class{constructor(board){this.board=board}board;png(){let figure=new Figure(
this.board),canvas=element("canvas");canvas.width=figure.width*DENSITY,canvas.height=Math.ceil(figure.
height*DENSITY);let context=contextOf(canvas);context.scale(DENSITY,DENSITY),figure.paint(new CanvasSurface(
context)),canvas.toBlob(blob=>{blob&&this.save("png",blob)})}svg(){let figure=new Figure(this.board),
surface=new SvgSurface;figure.paint(surface);let text=surface.done(figure.width,figure.height);this.
save("svg",new Blob([text],{type:"image/svg+xml"}))}page(){let{data,state}=this.board,page=pageOf2({
...data.payload,view:toHash(data,state.view)});this.save("html",new Blob([page],{type:"text/html"}))}save(ending,blob){
let link=element("a");link.href=URL.createObjectURL(blob),link.download=`attention.${ending}`,this.board.
box.append(link),link.click(),link.remove(),setTimeout(()=>{URL.revokeObjectURL(link.href)},KEPT_MS)}};function rowsOf2(data,view){return data.sources.flatMap((from,source)=>{let spec=inSource(data,panelOf(
view,source),source),apart=view.linked?"":` ${headingOf(spec.layer,spec.head)}`;return kindsOf(from).
map(kind=>({spec:{...spec,kind},label:`${from.name} ${kindName(from,kind)}${apart}`}))})}function massesOf(data,maps,spec,place2){
let source=data.sources[spec.source],query=source.where[place2];if(query<0)return null;let weights=maps.
weights(spec),item=source.itemAt[query],previous=item>0?source.places[item-1]:-1,{items,groups}=data,
placeOf=key=>key===query?"self":items[key]===items[query]?"repeats":key===previous?"previous":key===
source.places[0]?"first":groups&&groups.each[key]===groups.each[query]?"group":"rest",masses={self:0,
repeats:0,previous:0,first:0,group:0,rest:0};for(let key of source.places){if(key>query)break;masses[placeOf(
key)]+=weights[query*data.n+key]}return masses}var total2=masses=>Object.values(masses).reduce((a,b)=>a+
b,0);var Ledger=class{constructor(board){this.board=board}board;title=element("h4");box=element("div","ab\
-ledger");cells=[];drawnFor="";builtFor="";draw(){let{data,state}=this.board,{lock,linked,panels}=state.
view,drawFor=JSON.stringify([data.signature,lock?lock.query:null,linked,panels]);if(drawFor===this.drawnFor)
return;this.drawnFor=drawFor,this.drawTitle();let columns=this.columns(),buildFor=JSON.stringify([data.
groups?.name,columns.map(({label})=>label)]);buildFor!==this.builtFor&&this.box.replaceChildren(this.
table(columns)),this.builtFor=buildFor;for(let{place:place2,column,words:words2,td}of this.cells){let{
masses}=columns[column],mass=masses&&(place2?masses[place2]:total2(masses));words2.data=mass===null?
"not seen":mass.toFixed(3),place2&&(td.style.background=mass===null?"":barOf(mass))}}drawTitle(){let{
data,state}=this.board,{lock}=state.view,row=lock?lock.query:lastPlace(data.sources[0]),isOne=lock!==
null||data.sources.every(source=>lastPlace(source)===row);this.title.textContent=isOne?`Row ${data.slots[row]}\
, ${data.titles[row]} `:"The last row of each history ";let what=lock?"locked":"the last row, which \
makes the prediction; lock a cell to see another row";this.title.append(element("span","",`\xB7 ${what}\
 \xB7 attention weight by kind of key; each key counts once, in the first line that applies`))}columns(){
let{data,maps,state}=this.board,{lock}=state.view;return rowsOf2(data,state.view).map(({spec,label})=>{
let source=data.sources[spec.source],place2=lock?lock.query:lastPlace(source),match=source.where[place2];
return{label:match>=0&&match!==place2?`${label}, row ${slotIn(data,source,match)}`:label,masses:massesOf(
data,maps,spec,place2)}})}table(columns){let{groups}=this.board.data,table=element("table"),titles=element(
"tr");titles.append(element("th","","key")),titles.append(...columns.map(({label})=>element("th","",
label))),table.append(titles),this.cells=[];for(let place2 of keysOf(PLACES)){if(place2==="group"&&!groups)
continue;let text=place2==="group"?`same ${groups?.name} (first listed)`:PLACES[place2];table.append(
this.line(text,place2,columns.length))}return table.append(this.line("sum",null,columns.length)),table}line(text,place2,columns){
let row=element("tr");row.append(element("td","",text));for(let column=0;column<columns;column++){let td=element(
"td"),words2=document.createTextNode(" ");td.append(words2),row.append(td),this.cells.push({place:place2,
column,words:words2,td})}return row}},barOf=mass=>`linear-gradient(to right, rgba(70,130,180,.28) ${(mass*
100).toFixed(1)}%, transparent 0)`;var EDGE=9,ROWS=4,SIZE3=EDGE*ROWS+2,FAINT="color-mix(in srgb, currentColor 14%, transparent)",STRONG="\
var(--st-primary-color, #2f5fc4)",MIDDLE="color-mix(in srgb, var(--st-primary-color, #2f5fc4) 45%, t\
ransparent)",WORDS=[["query, a row","The item whose attention is shown. The last row makes the predi\
ction.",query=>query===2?STRONG:FAINT],["key, a column","The item that receives attention: the query\
 itself or an older item.",(_,key)=>key===1?STRONG:FAINT],["first order, A","The weights of ordinary\
 attention. Each row sums to one.",(query,key)=>key===query-1?STRONG:FAINT],["second order, S","Atte\
ntion over rows of A: items with related attention attend to each other.",(query,key)=>query===3&&key===
0?STRONG:query===key?MIDDLE:FAINT],["refined, M","The weights that mix the values: A and S combined \
as the model's formula says.",(query,key)=>key===query-1?MIDDLE:query===3&&key===0?STRONG:FAINT]],KEYS=[
["arrows, Page Up, Page Down","move in the map that has the focus"],["Enter","lock the cell: its sum\
 is shown above the rows"],["R","lock the row"],["Escape","release"],["N, P","next and previous exam\
ple of Start here"],["?","open and close this help"]],Help=class{constructor(board){this.board=board;
this.box.setAttribute("aria-label","Words and keys of the board");let press2=event=>{board.box.isConnected?
event.key==="?"&&!isTyped(event)&&this.toggle():document.removeEventListener("keydown",press2)};document.
addEventListener("keydown",press2)}board;box=element("dialog","ab-help");built=!1;opener(){let made=button(
"ab-act","?","Words and keys of the board");return made.title="Words and keys of the board (?)",made.
onclick=()=>{this.toggle()},made}toggle(){this.built||this.build(),this.box.open?this.box.close():this.
box.showModal()}build(){this.built=!0;let close=button("ab-close","\xD7","Close");close.onclick=()=>{
this.box.close()};let words2=element("div","ab-words");for(let[word,meaning,picture]of WORDS)words2.
append(pictureOf(picture),described(word,meaning));let keys=element("div","ab-keys");for(let[key,meaning]of KEYS)
(this.board.inApp||!key.startsWith("N"))&&keys.append(element("kbd","",key),element("span","",meaning));
this.box.append(close,element("h4","","Words"),words2,element("h4","","Keys"),keys),this.box.onclick=
event=>{event.target===this.box&&this.box.close()}}};function described(word,meaning){let made=element(
"div");return made.append(element("b","",word),element("div","",meaning)),made}function pictureOf(picture){
let drawn=svg("svg",{width:SIZE3,height:SIZE3,"aria-hidden":"true"});for(let query=0;query<ROWS;query++)
for(let key=0;key<=query;key++){let place2={x:key*EDGE+1,y:query*EDGE+1,width:EDGE-1,height:EDGE-1},
cell=svg("rect",place2);cell.style.fill=picture(query,key),drawn.append(cell)}return drawn}function isTyped(event){
let[target]=event.composedPath();return target instanceof HTMLElement&&(target.isContentEditable||["\
INPUT","TEXTAREA","SELECT"].includes(target.tagName))}var maps_default=`.ab-rows {
  display: flex;
  flex-direction: column;
  gap: 10px;
}
.ab-wide .ab-evidence,
.ab-beside .ab-panel {
  flex: none;
}
.ab-wide .ab-rows {
  flex-direction: row;
  align-items: flex-start;
  gap: 18px;
}
.ab-evidence {
  min-width: 0;
  overflow-x: auto;
}
.ab-heads {
  position: relative;
  height: 50px;
}
.ab-wide .ab-picks {
  position: relative;
  height: 138px;
}
.ab-heads > * {
  position: absolute;
  white-space: nowrap;
  overflow: hidden;
  text-overflow: ellipsis;
}
.ab-heads .ab-side {
  bottom: 30px;
  font-weight: 700;
  font-size: 13px;
}
.ab-heads .ab-side span {
  font-weight: 400;
  color: var(--st-text-color, #1f2430);
}
.ab button.ab-sort {
  bottom: 3px;
  padding: 0;
  white-space: normal;
  line-height: 12px;
  border: 0;
  background: none;
  color: inherit;
  font: inherit;
  font-size: 11px;
  text-align: center;
  cursor: pointer;
}
.ab button.ab-sort:first-child {
  text-align: left;
}
.ab button.ab-sort:hover,
.ab button.ab-sort[aria-pressed="true"] {
  text-decoration: underline;
  text-underline-offset: 2px;
}
.ab-whose {
  font-size: 13px;
  white-space: nowrap;
  overflow: hidden;
  text-overflow: ellipsis;
}
.ab-whose i {
  font-family: "Latin Modern Math", "Cambria Math", Cambria, Georgia, serif;
  font-size: 12px;
  opacity: 0.85;
}
.ab-query {
  display: none;
}
.ab-beside .ab-query {
  display: block;
  position: absolute;
  bottom: 3px;
  font-size: 11px;
  line-height: 12px;
}
.ab-pills {
  display: flex;
  flex-wrap: wrap;
  gap: 3px;
  margin: 2px 0;
}
.ab-pills:empty {
  display: none;
}
.ab button.ab-pill {
  font: inherit;
  font-size: 11px;
  line-height: 15px;
  padding: 0 6px;
  color: inherit;
  background: none;
  border: 1px solid var(--st-border-color, #d5d9e0);
  border-radius: 9px;
  cursor: pointer;
}
.ab button.ab-pill[aria-pressed="true"] {
  color: var(--st-background-color, #fff);
  background: var(--st-text-color, #1f2430);
  border-color: var(--st-text-color, #1f2430);
}
.ab-pick {
  font-size: 11px;
}
.ab-even {
  display: block;
  line-height: 14px;
  text-align: center;
  white-space: nowrap;
}
.ab-even b {
  font-weight: 600;
}
.ab-above {
  flex-basis: 100%;
}
.ab-wide .ab-above {
  height: 88px;
  overflow: hidden;
}
.ab-wide .ab-above .ab-key {
  margin: 0;
}
.ab-panels.ab-beside {
  display: flex;
  gap: 18px;
}
.ab-fold > summary {
  cursor: pointer;
  font-size: 12.5px;
  margin-top: 8px;
}
.ab-thumbs {
  position: relative;
  isolation: isolate;
  display: flex;
  gap: 6px;
  overflow-x: auto;
  overflow-y: hidden;
}
.ab-thumbs canvas {
  position: absolute;
  left: 0;
  top: 0;
  z-index: -1;
  pointer-events: none;
}
.ab-thumbs canvas.ab-over {
  z-index: 1;
}
.ab-thumb {
  padding: 0;
  border: 1px solid var(--st-border-color, #d5d9e0);
  background: none;
  cursor: pointer;
}
.ab-thumb[aria-pressed="true"] {
  box-shadow: 0 0 0 2px var(--st-primary-color, #2f5fc4);
}
.ab-panels {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr));
  align-items: end;
  gap: 10px 20px;
}
.ab-panels.ab-pair {
  grid-template-columns: repeat(2, minmax(0, 1fr));
  row-gap: 0;
}
.ab-between {
  grid-column: 1 / -1;
  display: flex;
  flex-wrap: wrap;
  gap: 0 20px;
}
.ab-between .ab-box {
  order: -1;
  min-width: 0;
}
.ab-between .ab-note {
  flex: 1 1 240px;
}
.ab-panels.ab-large {
  grid-template-columns: 1fr;
}
.ab-panel {
  min-width: 0;
  display: grid;
  grid-row: span 2;
  grid-template: subgrid / minmax(0, 1fr);
  row-gap: 0;
}
.ab-beside .ab-panel {
  display: block;
}
.ab-panel.ab-between {
  display: flex;
  grid-row: auto;
}
.ab-box {
  position: relative;
  isolation: isolate;
  border-radius: 4px;
  touch-action: pan-y;
  overflow-x: auto;
}
.ab-box canvas {
  display: block;
  cursor: crosshair;
}
.ab-box canvas.ab-cells {
  position: absolute;
  z-index: -1;
  image-rendering: pixelated;
}
.ab-box canvas.ab-over {
  position: absolute;
  left: 0;
  top: 0;
  pointer-events: none;
}
.ab-why {
  border: 1px dashed var(--st-border-color, #d5d9e0);
  border-radius: 6px;
  padding: 24px 16px;
  font-size: 13.5px;
}
.ab-flow canvas {
  cursor: pointer;
}
`;var READING="Rows are queries and columns are keys, both older to newer; titles are on the diagonal.\
 Cells of later items are empty (causal mask). The last row of the last layer makes the prediction.",
sameItems=({sources},{panels})=>new Set(panels.map(({source})=>sources[source].places.join())).size<
2;function cellNote(data,view){return view.measure==="contribution"?"A cell is the attention weight \
times the norm of the key's value after the output projection (of the mean, for STOSA): how far this\
 weight moves the query's state. Rows have no fixed sum.":view.mode==="difference"?`Weights of a row\
 sum to 1 in both maps, so differences sum to 0${sameItems(data,view)?".":" over the keys of both hi\
stories; only items at a common place of the axis are drawn."}`:view.panels.some(({head})=>head==="m\
ax")?"Rows of one head sum to 1; the maximum over heads sums to more.":"A row is the attention of on\
e item to itself and to older items; it sums to 1."}function notes(data,view,every,strange){let summed=view.
mode==="difference"?"absolute difference":"sum";return[cellNote(data,view),READING,view.share<100?`I\
n colour: the fewest keys that hold ${view.share} % of a row's ${summed}.`:"",every>1?`One of ${every}\
 titles is drawn; for the others point at cells or choose "Size: large".`:"",data.repeats.some(Boolean)?
"\u21BA and framed cells: the same item at several slots.":"",strange.length?`Not understood in the \
address and left out: ${strange.join(", ")}.`:""].join(" ")}var DASH=[3,2.5],ALPHA={first:.85,refinement:.9,residual:.45},NODE={least:1.2,most:4.5},FOOT2={line:14,
font:11},PATHS2={first:"through first-order attention",refinement:"through what refinement adds",residual:"\
around attention"},FlowMap=class{constructor(board,source){this.board=board;this.source=source;this.
holder.append(this.canvas),this.canvas.setAttribute("role","img"),this.holder.addEventListener("poin\
termove",event=>{this.point(this.under(event),event)}),this.holder.addEventListener("pointerleave",()=>{
this.point(null,null)}),this.holder.addEventListener("click",event=>{let strand=this.under(event);strand&&
strand.path!=="residual"&&this.board.answers.ask(this.band(strand))})}board;source;holder=element("d\
iv","ab-box ab-flow");canvas=element("canvas");drawn=[];flow=null;layout=null;pointed=null;draw(source,flow,layout){
Object.assign(this,{source,flow,layout,pointed:null});let{data}=this.board,place2={x:layout.x,y:layout.
y,line:layout.line,width:layout.size,places:data.sources[source].places};this.drawn=strands(flow,place2),
this.paint();let{name}=data.sources[source],words2=`The flow of the target's score ${signed(flow.score)}\
 in ${name}`;this.canvas.setAttribute("aria-label",words2)}under(event){let at=this.canvas.getBoundingClientRect();
return underPoint(this.drawn,event.clientX-at.left,event.clientY-at.top)}band({layer,query,key,path}){
let{name}=this.board.data.sources[this.source];return{source:name,layer,query,key,part:path==="refin\
ement"?path:"attention"}}point(strand,event){let{board}=this;strand!==this.pointed&&(this.pointed=strand,
this.paint(),board.point(strand&&{query:strand.query,key:strand.key,layer:strand.layer})),strand&&event?
board.reading.showWords(event,this.words(strand)):board.reading.hideTip()}words({layer,query,key,path,
value}){let{data}=this.board,named=place2=>`${data.slots[place2]} ${data.titles[place2]}`,from=query===
key?named(key):`${named(key)} \u2192 ${named(query)}`,cuts=path==="residual"?[]:["Click to cut it in\
 the model"];return[`${from}, layer ${layer+1}`,`${PATHS2[path]}: ${signed(value)}`,...cuts]}paint(){
let{layout,flow}=this;if(!layout||!flow)return;let c=sized(this.canvas,layout.width,layout.height),{
theme,data}=this.board,page=pageOf(theme.ink);for(let strand of this.drawn){let{from,to,thick,value,
path}=strand,bend=(from.x+to.x)/2;c.beginPath(),c.moveTo(from.x,from.y),c.bezierCurveTo(bend,from.y,
bend,to.y,to.x,to.y),c.lineWidth=thick,c.strokeStyle=(value<0?HURTS:HELPS)[page],c.globalAlpha=ALPHA[path]*
(this.pointed&&this.pointed!==strand?.25:1),c.setLineDash(path==="refinement"?DASH:[]),c.stroke()}c.
setLineDash([]),c.globalAlpha=1;let top=Math.max(...flow.nodes.flat().map(Math.abs))||1,step=layout.
size/Math.max(1,flow.nodes.length-1),{places}=data.sources[this.source];flow.nodes.forEach((column,i)=>{
column.forEach((value,item)=>{if(!value)return;c.beginPath();let radius=NODE.least+Math.sqrt(Math.abs(
value)/top)*(NODE.most-NODE.least),y2=layout.y+(places[item]+.5)*layout.line;c.arc(layout.x+i*step,y2,
radius,0,2*Math.PI),c.fillStyle=(value<0?HURTS:HELPS)[page],c.fill()}),c.font=`400 ${FOOT2.font}px ${fontFamily()}`,
c.fillStyle=theme.ink.ink,c.textAlign=i===0?"left":i===flow.nodes.length-1?"right":"center";let y=layout.
y+layout.down+FOOT2.line;c.fillText(i===0?"items":`layer ${i}`,layout.x+i*step,y)})}};var QUERY="query, older \u2193 newer",SHORT={mean:"mean",max:"max",rollout:"rollout"},Picks=class{constructor(board,place2){
this.board=board;this.place=place2}board;place;box=element("div","ab-picks");drawn=[];thumbnails=[];pills=[];cells=element(
"canvas");sheet=new Sheet;builtFor="";paintedFor="";get spec(){return this.board.state.view.panels[this.
place]}get source(){return this.board.data.sources[this.spec.source]}draw(room){let{data,theme,state}=this.
board,{measure,scale,share}=state.view,places=this.board.axes.places(this.spec.source),buildFor=[data.
signature,theme.name,room,this.spec.source,places].join();buildFor!==this.builtFor&&this.build(room),
this.builtFor=buildFor;let kind=shownKind(this.source,this.spec.kind),paintFor=[buildFor,kind,measure,
scale,share].join();paintFor!==this.paintedFor&&this.paint(kind),this.paintedFor=paintFor;let together2=typeof this.
spec.head=="string";for(let{button:made,layer,head}of this.thumbnails)press(made,layer===this.spec.layer&&
(together2||head===this.spec.head));for(let{button:made,change}of this.pills)press(made,change.kind===
void 0?change.head===this.spec.head:change.kind===kind);this.drawn=this.thumbnails.map(one=>one.drawn)}build(room){
let{theme}=this.board,{name,title,formula,floor,layers,heads,unrefined,noSecondOrder}=this.source,model=element(
"div","ab-whose"),letter=element("b","",name);letter.style.color=modelColour(name,theme.ink),model.append(
letter,` ${title} `),(!unrefined||floor!==null)&&model.append(element("i","",formula)),model.title=[
`${name}: ${title}, ${formula}`,noSecondOrder].filter(Boolean).join(". ");let count=layers*heads,edge=thumbEdge(
room,count),line2=element("div","ab-thumbs"),step=thumbStep(edge);line2.append(this.cells,this.sheet.
over),this.thumbnails=Array.from({length:count},(_,i)=>this.thumbnail(Math.floor(i/heads),i%heads,i*
step,edge)),line2.append(...this.thumbnails.map(one=>one.button.parentElement??one.button)),sized(this.
cells,count*step,edge),this.sheet.fit(count*step,edge);let kinds=unrefined?[]:kindsOf(this.source),together2=keysOf(
TOGETHER).filter(head=>heads>1||head==="rollout");this.pills=[...kinds.map(kind=>this.pill(kindName(
this.source,kind),KINDS[kind],{kind})),...together2.map(head=>this.pill(SHORT[head],TOGETHER[head],{
head}))];let pills=[kinds.length,together2.length].map((length,i)=>{let made=element("div","ab-pills"),
start=i*kinds.length;return made.append(...this.pills.slice(start,start+length).map(pill=>pill.button)),
made});this.box.replaceChildren(model,line2,...pills,element("div","ab-query",QUERY))}thumbnail(layer,head,x,edge){
let{board}=this,made=button("ab-thumb",void 0,"");made.style.width=made.style.height=`${edge}px`;let words2=element(
"span","ab-even"),part=element("div","ab-pick");part.style.width=`${edge}px`,part.append(made,words2);
let axis=board.axes.axis(this.spec.source),cell=(edge-2)/axis.data.n,spec={...this.spec,layer,head},
place2={x:x+1,y:1,cell,line:cell,width:edge,aligned:!1,axis},{cells:canvas,sheet}=this,drawn={type:"\
small",spec,signed:!1,sheet,canvas,...place2};return pointing(board,made,drawn),made.onclick=event=>{
let{kind,source}=this.spec,other=event.shiftKey&&board.state.view.panels.length>1;board.choose(other?
1-this.place:this.place,{source,layer,head,kind})},{button:made,words:words2,layer,head,drawn}}pill(text,about,change){
let{board,place:place2}=this,side=board.state.view.panels.length>1?` in the ${["left","right"][place2]}\
 map`:"",made=button("ab-pill",text,`Show ${about}${side}`);return made.title=about,made.onclick=()=>{
board.choose(place2,change)},{button:made,change}}paint(kind){let{board}=this,surface=new CanvasSurface(
contextOf(this.cells));surface.clear();for(let{button:made,words:words2,layer,head,drawn}of this.thumbnails){
drawn.spec={source:this.spec.source,layer,head,kind};let found=board.axes.grid(drawn.spec),label=headingOf(
layer,head).replace(/[LH]/g,"").replace(" ","\xB7"),even=isMissing(found)?null:found.evenness,evenness=even===
null?"\u2013":even.toFixed(2).replace(/^0/,""),name=`Show ${specName(board.data,drawn.spec)}`;made.setAttribute(
"aria-label",name);let how="1: uniform over the items, 0: a single item. With Shift: in the other la\
rge map";made.title=`${name}. Evenness ${evenness}: ${how}`,words2.replaceChildren(element("b","",label),
` ${evenness}`),!isMissing(found)&&surface.cells(painted(shadingOf(board,found,!1,board.theme.ink)),
drawn)}}},press=(made,pressed)=>{made.setAttribute("aria-pressed",String(pressed))};var PAIR_WIDTH=700,FLOW_NEEDS="The flow of the score needs the app; this page is offline.",LargeMap=class{constructor(board,spec){
this.board=board;let sheet=new Sheet,place2={x:0,y:0,cell:0,line:0,width:0,aligned:!1,axis:board.axes.
axis(spec.source)};this.drawn={type:"large",sheet,canvas:this.frame,spec,signed:!1,...place2},this.holder.
tabIndex=0,this.holder.setAttribute("role","application"),this.holder.setAttribute("aria-roledescrip\
tion","attention map"),this.holder.append(this.frame,this.cells,sheet.over),pointing(board,this.holder,
this.drawn),steering(board,this.holder,this.drawn)}board;holder=element("div","ab-box");drawn;frame=element(
"canvas");cells=element("canvas","ab-cells");framedFor="";every=1;draw(grid,spec,signed2,title,layout){
let{theme}=this.board,axis=this.board.axes.axis(spec.source),{x,y,cell,line:line2,size,down,width,height,
every,aligned}=layout;this.every=every,Object.assign(this.drawn,{signed:signed2,spec,x,y,cell,line:line2,
width,aligned,axis}),this.drawn.sheet.fit(width,height);let shading=shadingOf(this.board,grid,signed2,
theme.ink),room=[width,height,cell,line2,aligned,window.devicePixelRatio],frameFor=[axis.data.signature,
axis.places,theme.name,...room,grid.missing].join();if(isNumbered(layout)||frameFor!==this.framedFor){
let context=sized(this.frame,width,height);paintFrame(new CanvasSurface(context),axis.data,shading,layout)}
this.framedFor=frameFor;let[left,top,across,along2]=[x,y,size,down].map(length=>`${length}px`);Object.
assign(this.cells.style,{left,top,width:across,height:along2}),putCells(this.cells,painted(shading)),
this.holder.setAttribute("aria-label",`${title}: arrow keys move, Enter locks the cell, R the row, E\
scape releases`)}},Panels=class{constructor(board){this.board=board;this.between.append(this.note)}board;box=element(
"div","ab-panels");drawn=[];every=1;heads=[];beside=null;room=0;headsFor="";maps=new Map;flows=new Map;between=element(
"div","ab-panel ab-between");note=element("div","ab-note");draw(beside){let{data,width,state}=this.board,
{view}=state,wide=view.size==="large",apart=view.mode==="difference";this.beside=beside;let pair=apart&&
(beside!==null||width>=PAIR_WIDTH),style=beside?" ab-beside":pair?" ab-pair":wide?" ab-large":"";this.
box.className=`ab-panels${style}`,this.drawn=[],this.every=1,this.drawHeads(),this.room=beside?beside.
width:roomOf(width,wide?1:view.panels.length);let{room}=this;if(this.fit(),view.panels.forEach((spec,place2)=>{
let{part}=this.heads[place2];view.mode==="flow"?show(part,this.flow(place2,spec,room)):apart?show(part,
null):show(part,this.map(place2,this.board.axes.grid(spec),spec,specName(data,spec),room))}),wide)for(let place2 of apart?
[0,1]:["difference"])this.maps.delete(place2);apart?this.drawDifference(room):this.between.remove()}drawDifference(room){
let{data,state}=this.board,[left,right]=state.view.panels,names=[right,left].map(spec=>specName(data,
spec)).join(" \u2212 ");this.note.textContent=`Right minus left: ${names}`;let found=this.board.axes.
difference();show(this.between,this.map("difference",found,left,"the difference",room)),this.between.
parentNode||this.box.append(this.between)}fit(){for(let{part}of this.heads)part.style.width=this.beside?
`${this.room}px`:""}drawPicks(){for(let{picks}of this.heads)picks.draw(this.room),this.drawn.push(...picks.
drawn)}drawHeads(){let headsFor=comparedPair(this.board.state.view);headsFor!==this.headsFor&&(this.
heads=this.board.state.view.panels.map((_,place2)=>{let part=element("div","ab-panel"),picks=new Picks(
this.board,place2);return part.append(picks.box),{part,picks}}),this.box.replaceChildren(...this.heads.
map(({part})=>part)),this.headsFor=headsFor)}flow(place2,{source},room){let{data,answers,ask}=this.board,
found=answers.flow(data.sources[source].name);if(!found){let refused=answers.now?.refused??"";return element(
"div","ab-why",ask?refused===""?"Computing the flow\u2026":refused:FLOW_NEEDS)}let map=this.flows.get(
place2)??new FlowMap(this.board,source);return this.flows.set(place2,map),map.draw(source,found,this.
beside??pageLayout(data.slots,room,!1)),map.holder}map(place2,found,spec,title,room){if(isMissing(found))
return element("div","ab-why",found.why);let map=this.maps.get(place2)??new LargeMap(this.board,spec);
this.maps.set(place2,map);let{state}=this.board,{slots}=this.board.axes.axis(spec.source).data,large=state.
view.size==="large",layout=this.beside??pageLayout(slots,room,large);return map.draw(found,spec,place2===
"difference",title,layout),this.drawn.push(map.drawn),this.every=Math.max(this.every,map.every),map.
holder}};function show(part,drawn){let old=part.children.item(1);old!==drawn&&(old?.remove(),drawn&&
part.append(drawn))}var ALL_READ_OUT=8;function spoken(described2){let{data,cell}=described2,query=`query ${data.slots[cell.
query]} ${data.titles[cell.query]}`;if(cell.key===null)return`${query}. ${spokenRow(described2)}`;let key=`\
key ${data.slots[cell.key]} ${data.titles[cell.key]}`;return`${query}, ${key}. ${spokenValues(described2)}`}
function spokenRow({data,maps,view,cell}){return rowsOf2(data,view).flatMap(({spec,label})=>{let masses=massesOf(
data,maps,spec,cell.query);if(!masses)return[];let parts=keysOf(PLACES).filter(place2=>masses[place2]>
0);return[`${label}: ${parts.map(p=>`${PLACES[p]} ${masses[p].toFixed(3)}`).join(", ")}`]}).join(". ")}
function spokenValues({data,maps,view,cell}){return data.sources.map((from,source)=>{let panel=panelOf(
view,source),asked={layer:cell.layer??panel.layer,head:cell.head??panel.head},spec=inSource(data,{...panel,
...asked},source),at=cellIn(data,from,cell),values=kindsOf(from).flatMap(kind=>{let found=maps.grid(
{...spec,kind},view.measure),value=at===null||isMissing(found)?NaN:found.z[at];return Number.isNaN(value)?
[]:[`${kindName(from,kind)} ${digits(value)}`]});return`${`${from.name}, layer ${spec.layer+1}, ${headName(
spec.head)}`}: ${values.join(", ")}`}).join(". ")}function elsewhere({data,cell}){let places=cell.key===
null||cell.key===cell.query?[cell.query]:[cell.query,cell.key],found=new Map;for(let source of data.
sources){let{name,where}=source;if(places.every(place2=>where[place2]===place2))continue;let lacking=places.
filter(place2=>where[place2]<0).map(place2=>data.slots[place2]),text=lacking.length?`${lacking.join(
" and ")} not seen`:elsewhereAt(data,source,places.map(place2=>where[place2]));found.set(text,[...found.
get(text)??[],name])}return[...found].map(([text,names])=>`${names.join(", ")}: ${text}`)}function elsewhereAt(data,source,[
query,...keys]){let[key]=keys,text=`query at ${slotIn(data,source,query)}`;if(!keys.length)return text;
let newer=key>query?", newer: no such cell":"";return`${text}, key at ${slotIn(data,source,key)}${newer}`}
function columnsOf({data,view,cell}){let{layer,head}=cell,now=layer===void 0||head===void 0?view.panels:
[{layer,head}],column=(l,h)=>({layer:l,head:h,label:headingOf(l,h),now:now.some(one=>one.layer===l&&
one.head===h)}),largest2=count=>Math.max(...data.sources.map(count)),all=largest2(source=>source.layers*
source.heads)<=ALL_READ_OUT,found=[];for(let l=0;l<largest2(source=>source.layers);l++)for(let h=0;h<
largest2(source=>source.heads);h++)(all||now.some(one=>one.layer===l))&&found.push(column(l,h));for(let one of now)
typeof one.head=="string"&&!found.some(other=>other.layer===one.layer&&other.head===one.head)&&found.
push(column(one.layer,one.head));return found}function valueTexts({data,maps,view,cell},source,kind,columns){
let from=data.sources[source],at=cellIn(data,from,cell);return columns.map(({layer,head})=>{let has=layer<
from.layers&&(typeof head=="string"||head<from.heads);if(at===null||!has)return digits(NaN);let spec={
source,layer,head,kind},weight=digits(maps.weights(spec)[at]);if(view.measure==="weight")return weight;
let contribution=maps.grid(spec,"contribution");return isMissing(contribution)?weight:`${weight} \xB7 ${digits(
contribution.z[at])}`})}function differenceText({data,maps,view,cell}){if(view.mode!=="difference"||
cell.key===null)return null;let found=maps.difference(view.panels,view.measure),at=cellIn(data,data.
sources[view.panels[0].source],cell),value=isMissing(found)||at===null?NaN:found.z[at];return Number.
isNaN(value)?null:`right minus left: ${signedDigits(value)}`}var HELP="Point at a cell to find it in every map; click to lock it, Escape to release it. Keys: arr\
ows, Enter, R for the row.",line=text=>element("div","ab-line",text),Reading=class{constructor(board){
this.board=board;this.tip.setAttribute("aria-hidden","true"),this.live.setAttribute("role","status"),
this.live.setAttribute("aria-live","polite")}board;box=element("div","ab-reading");tip=element("div",
"ab-tip");live=element("div","ab-hidden");draw(){let{state}=this.board,cell=state.steered&&state.hover?
state.hover:state.view.lock;if(this.box.replaceChildren(),!cell){this.box.append(element("span","",HELP));
return}let described2=this.described(cell),names=element("div"),values=element("div");if(names.append(
...this.names(described2),...this.difference(described2)),values.append(...this.values(described2)),
this.box.append(names,values),!state.view.lock)return;let release=button("ab-act","Release","Release\
 the locked cell");release.onclick=()=>{this.board.lock(null)},this.box.append(release)}say(cell,before=""){
this.live.textContent=before+spoken(this.described(cell))}hideTip(){this.tip.style.visibility="hidde\
n"}showTip(at,cell){let described2=this.described(cell);this.tip.replaceChildren(...this.names(described2),
...this.values(described2),...this.difference(described2)),this.placeTip(at)}showWords(at,words2){this.
tip.replaceChildren(...words2.map(line)),this.placeTip(at)}placeTip(at){let{tip}=this,page=this.board.
box.getBoundingClientRect(),{offsetWidth:width,offsetHeight:height}=tip,x=at.clientX-page.left+16,y=at.
clientY-page.top+18;x+width>page.width&&(x=Math.max(0,at.clientX-page.left-width-14)),at.clientY+height+
24>window.innerHeight&&(y=at.clientY-page.top-height-14),tip.style.left=`${x}px`,tip.style.top=`${y}\
px`,tip.style.visibility="visible"}described(cell){let{data,maps,state}=this.board;return{data,maps,
view:state.view,cell}}names(described2){let{query,key}=described2.cell,items=[this.itemLine("query",
query)];key!==null&&items.push(this.itemLine("key",key));for(let source of key===null?[]:this.board.
data.sources)query===lastPlace(source)&&items.push(...columnTexts(source,key??query).map(line));return[
...items,...elsewhere(described2).map(line)]}itemLine(label,place2){let{slots,titles,groups}=this.board.
data,made=element("div","ab-line"),group=groups?` \xB7 ${groups.each[place2]}`:"";return made.append(
element("b","",`${label} ${slots[place2]} `),titles[place2]+group),made}values(described2){if(described2.
cell.key===null)return[];let table=element("table"),columns=columnsOf(described2),style=({now})=>now?
"ab-now":"",head=element("tr"),unit=described2.view.measure==="contribution"?"weight \xB7 \xD7 norm":
"";return head.append(element("th","",unit)),head.append(...columns.map(column=>element("th",style(column),
column.label))),table.append(head),this.board.data.sources.forEach((from,source)=>{for(let kind of kindsOf(
from)){let row=element("tr");row.append(element("td","",`${from.name} ${kindName(from,kind)}`)),valueTexts(
described2,source,kind,columns).forEach((text,i)=>{row.append(element("td",style(columns[i]),text))}),
table.append(row)}}),[table]}difference(described2){let text=differenceText(described2);return text===
null?[]:[line(text)]}};var tables_default=`.ab-reading {
  min-height: 30px;
  display: flex;
  flex-wrap: wrap;
  gap: 4px 18px;
  align-items: center;
  font-size: 12.5px;
  margin: 10px 0 0;
}
.ab-reading > div {
  max-width: 100%;
  overflow-x: auto;
}
.ab-reading .ab-line {
  white-space: nowrap;
  overflow: hidden;
  text-overflow: ellipsis;
}
.ab-now {
  font-weight: 700 !important;
}
.ab-tip {
  position: absolute;
  z-index: 5;
  pointer-events: none;
  font-size: 12px;
  padding: 7px 9px;
  border-radius: 6px;
  max-width: min(600px, 96%);
  background: var(--st-background-color, #fff);
  border: 1px solid var(--st-border-color, #d5d9e0);
  box-shadow: 0 3px 14px #0004;
  visibility: hidden;
}
.ab-tip b {
  font-weight: 600;
}
.ab-tip div {
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}
.ab-tip table,
.ab-reading table,
.ab-ledger table {
  border-collapse: collapse;
  font-variant-numeric: tabular-nums;
}
.ab-tip td,
.ab-tip th,
.ab-reading td,
.ab-reading th {
  padding: 1px 0 1px 10px;
  text-align: right;
  font-weight: 400;
}
.ab-tip td:first-child,
.ab-tip th:first-child,
.ab-reading td:first-child,
.ab-reading th:first-child {
  padding-left: 0;
  text-align: left;
}
.ab-tip td,
.ab-reading td {
  white-space: nowrap;
}
.ab-tip th,
.ab-reading th {
  opacity: 0.8;
}
.ab h4 {
  font-size: 14px;
  font-weight: 600;
  margin: 16px 0 4px;
  padding: 0;
}
.ab h4 span {
  font-weight: 400;
  opacity: 0.8;
  font-size: 12.5px;
}
.ab-ledger {
  overflow-x: auto;
}
.ab-ledger table {
  font-size: 12.5px;
  min-width: min(100%, 560px);
}
.ab-ledger th,
.ab-ledger td {
  padding: 3px 10px;
  text-align: right;
  border-bottom: 1px solid var(--st-border-color, #d5d9e0);
  font-weight: 400;
  white-space: nowrap;
}
.ab-ledger th {
  opacity: 0.85;
}
.ab-ledger td:first-child,
.ab-ledger th:first-child {
  text-align: left;
  padding-left: 0;
}
.ab-ledger tr:last-child td {
  font-weight: 600;
  border-bottom: 0;
}
.ab-key {
  display: flex;
  flex-wrap: wrap;
  gap: 4px 14px;
  font-size: 12px;
  margin-top: 6px;
  opacity: 0.95;
  align-items: center;
}
.ab-key i {
  display: inline-block;
  width: 10px;
  height: 10px;
  border-radius: 2px;
  margin-right: 5px;
  vertical-align: -1px;
}
.ab-hidden {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
.ab-dock {
  position: relative;
  display: flex;
  gap: 4px 18px;
  flex-wrap: wrap;
  font-size: 12.5px;
}
.ab-dock[hidden],
.ab-dock:not([hidden]) + .ab-key {
  display: none;
}
.ab-dock-part {
  flex: 1 1 300px;
  min-width: 0;
  max-width: 460px;
}
.ab-dock table {
  border-collapse: collapse;
  font-variant-numeric: tabular-nums;
}
.ab-dock td,
.ab-dock th {
  padding: 0 0 0 12px;
  text-align: right;
  font-weight: 400;
  white-space: nowrap;
}
.ab-dock td:first-child {
  padding-left: 0;
  text-align: left;
}
.ab-close {
  position: absolute;
  top: 0;
  right: 0;
  width: 22px;
  height: 22px;
  font: inherit;
  font-size: 15px;
  line-height: 1;
  color: inherit;
  background: none;
  border: 0;
  cursor: pointer;
}
.ab-wide .ab-said {
  display: -webkit-box;
  -webkit-line-clamp: 2;
  -webkit-box-orient: vertical;
  overflow: hidden;
  line-height: 16px;
}
.ab-dock-part:nth-child(2) .ab-said {
  padding-right: 24px;
}
.ab-dock svg {
  display: block;
}
.ab-path {
  text-decoration: underline 3px;
  text-underline-offset: 3px;
}
.ab-refinement {
  text-decoration-style: dashed;
}
.ab-residual {
  text-decoration-color: color-mix(in srgb, currentColor 40%, transparent);
}
.ab-constants {
  text-decoration: none;
}
.ab-help {
  max-width: min(520px, 94vw);
  padding: 14px 20px 18px;
  border: 1px solid var(--st-border-color, #d5d9e0);
  border-radius: 8px;
  background: var(--st-background-color, #fff);
  color: inherit;
  font-size: 13px;
}
.ab-words,
.ab-keys {
  display: grid;
  grid-template-columns: max-content 1fr;
  gap: 8px 14px;
  align-items: center;
}
.ab-keys {
  gap: 4px 14px;
}
.ab-help .ab-close {
  top: 8px;
  right: 8px;
}
`;var property=(box,name)=>getComputedStyle(box).getPropertyValue(name).trim(),Theme=class{constructor(box){
this.box=box}box;name="";found=null;foundFor="";get isStale(){return this.name!==this.nameNow()}look(){
this.name=this.nameNow(),setFont(getComputedStyle(this.box).fontFamily||FONT)}get ink(){return(!this.
found||this.foundFor!==this.name)&&(this.found=inkOf(this.box),this.foundFor=this.name),this.found}nameNow(){
let{box}=this;return["--st-background-color","--st-text-color"].map(name=>property(box,name)).join("")+
getComputedStyle(box).color}};function inkOf(box){let paper=property(box,"--st-background-color")||"\
#ffffff",probe=contextOf(document.createElement("canvas"));probe.fillStyle=paper,probe.fillRect(0,0,
1,1);let[r,g,b]=probe.getImageData(0,0,1,1).data;return{ink:getComputedStyle(box).color,paper,dark:r*
.3+g*.59+b*.11<128}}var WATCHED_MS=700,LEAST_CHANGE=3,USUAL_WIDTH=900,Board=class{constructor(root,payload,tell,ask){this.
tell=tell;this.ask=ask;this.data=decode(payload),this.maps=new Maps(this.data);let{view,strange}=fromHash(
this.data,openingHash(this.data));this.state={view,hover:null,steered:!1,lockedOn:null,told:"null",strange},
this.evidence=new Evidence(this);let{box,reading,ledger}=this;box.setAttribute("aria-label","Attenti\
on board");let rows=element("div","ab-rows");rows.append(this.evidence.box,this.panels.box),box.append(
this.bar.box,rows,this.below,reading.box);let more=element("details","ab-fold");more.append(element(
"summary","","Attention weight by kind of key, and how to read the maps"),ledger.title,ledger.box,this.
note),box.append(more,reading.tip,reading.live,this.help.box);let sheet=element("style");sheet.textContent=
board_default+maps_default+tables_default,root.append(sheet,box),this.listen(),this.watchPage(),this.
start()}tell;ask;box=element("section","ab");state;theme=new Theme(this.box);reading=new Reading(this);bookmark=new Bookmark(
this);downloads=new Downloads(this);answers=new Answers(this);help=new Help(this);axes=new Axes(this);data;maps;width=0;bar=new Bar(
this);panels=new Panels(this);legend=new Legend(this);evidence;ledger=new Ledger(this);dock=new Dock(
this);note=element("div","ab-note");below=element("div");waiting=new Set;watch=0;load(payload,tell,ask){
if(Object.assign(this,{tell,ask}),this.watchPage(),payload.signature===this.data.signature)return;let before=this.
data;this.data=decode(payload),this.maps=new Maps(this.data),this.evidence.drawn=[],this.state.hover=
null,this.state.view=carriedOver(this.state.view,before,this.data),this.start()}start(){this.width=Math.
round(this.box.clientWidth)||USUAL_WIDTH,this.drawAll()}get inApp(){return this.ask!==null}listen(){
let{box}=this;new ResizeObserver(()=>{let now=Math.round(box.clientWidth);!now||Math.abs(now-this.width)<=
LEAST_CHANGE||(this.width=now,this.later(this.drawAll))}).observe(box);let release=event=>{box.isConnected?
event.key==="Escape"&&this.state.view.lock&&!document.querySelector("[role=dialog]")&&this.lock(null):
document.removeEventListener("keydown",release)};document.addEventListener("keydown",release)}watchPage(){
this.watch||(this.watch=window.setInterval(()=>{if(!this.box.isConnected){clearInterval(this.watch),
this.watch=0;return}this.theme.isStale&&this.drawAll(),this.bookmark.restore()},WATCHED_MS))}later(task){
this.waiting.size||requestAnimationFrame(()=>{let tasks=[...this.waiting];this.waiting.clear();for(let one of tasks)
one()}),this.waiting.add(task)}drawn(){return[...this.panels.drawn,...this.evidence.drawn]}mark=()=>{
mark(this)};redraw(){this.later(this.drawAll)}drawAll=()=>{this.theme.look(),this.drawMaps(),this.drawRest(),
this.box.dataset.signature=this.data.signature};drawMaps(){this.reading.hideTip(),this.bar.draw();let{
data,state,width}=this,{facts}=state.view,blocks=sourcesOnView(this).map(one=>blockOf(data.sources[one],
width,facts)),rows=this.axes.rows().length,below=state.view.size==="large"||state.view.mode==="diffe\
rence"||this.axes.reordered,room=together(below?0:width,rows,blocks,state.view.panels.length),wide=room.
map!==null;this.box.classList.toggle("ab-wide",wide);let legendAt=wide?this.evidence.above:this.below;
this.legend.box.parentNode!==legendAt&&legendAt.append(this.dock.box,this.legend.box),this.panels.draw(
room.map),this.evidence.draw(below?together(width,rows,blocks,1/0).evidence:room.evidence),this.mark()}drawRest=()=>{
this.panels.drawPicks(),this.reading.draw(),this.legend.draw(),this.dock.draw(),this.answers.ask(),this.
ledger.draw();let{view,strange}=this.state,words2=notes(this.data,view,this.panels.every,strange);this.
note.textContent!==words2&&(this.note.textContent=words2),this.mark(),this.bookmark.writeSoon(),setTimeout(
()=>{this.tellLock()},0)};answered(){this.state.view.mode==="flow"?this.redraw():this.dock.draw()}set(change){
let{activeElement}=this.box.getRootNode(),label=activeElement&&this.box.contains(activeElement)?activeElement.
getAttribute("aria-label"):null;Object.assign(this.state.view,change),this.drawMaps(),this.bookmark.
remember(),this.later(this.drawRest),label&&this.focus(label)}focus(label){[...this.box.querySelectorAll(
"[aria-label]")].find(node=>node.getAttribute("aria-label")===label)?.focus({preventScroll:!0})}choose(place2,change){
this.set({panels:changed(this.data,this.state.view,place2,change)})}point(cell){let same=sameCell(cell,
this.state.hover);this.state.hover=cell,same||this.later(this.mark)}lock(cell){let{state,reading}=this;
state.view.lock=cell&&{query:cell.query,key:cell.key},cell?reading.say(cell,"Locked. "):reading.live.
textContent="Released",state.lockedOn=cell&&this.mapsOnView(),this.ledger.draw(),this.dock.draw(),reading.
draw(),this.mark(),this.bookmark.write(),this.tellLock(!0)}mapsOnView(){return JSON.stringify(this.state.
view.panels)}tellLock(anew=!1){let{data,state,tell}=this;if(!tell)return;let{lock,panels}=state.view,
places=JSON.stringify(lock&&[lock.query,lock.key,data.signature]);if(places===state.told&&!(anew&&lock))
return;state.told=places;let shown=panels.map(({source,layer,head,kind})=>{let from=data.sources[source];
return{source:from.name,layer,head,kind:shownKind(from,kind)}});tell(lock&&{...lock,panels:shown})}};var boards=new WeakMap;function mount(root,payload,tell=null,ask=null){let board=boards.get(root);board?
board.load(payload,tell,ask):boards.set(root,new Board(root,payload,tell,ask))}openPage(mount);function component({
parentElement,data,setStateValue}){mount(parentElement,data,lock=>{setStateValue("lock",lock)},asked=>{
setStateValue("asked",asked)})}return __toCommonJS(main_exports);})();
return bundle.default;
}
export default attentionBoard();
