// Every word that the page shows, in the languages that it has. A text that depends on a number is a pair, one and many.

const en = {
  goneSentence: "Chat has this message no more. This is what was last known of it.", gone: "No longer in Chat", doubted: "Something came that could not be taken in, or that Chat may not have. What shows may differ from Chat until it is read back.", doubtedOff: "Something came that could not be taken in, or that Chat may not have. What shows may differ from Chat. Repair is off, so nothing reads it back.", doubtedBadge: "In doubt",
  "problem_the store does not answer": "The store does not answer.", "problem_no longer kept": "No longer kept; the last 1,000 are.", "problem_not a message of this app": "This is not a message of this app.", "problem_a simulation is being played": "A simulation is being played.", "problem_not asked from this page; reload it": "Not asked from this page; reload it.", "problem_its body was not read, or not kept whole": "Its body was not read, or not kept whole.",
  skip: "Skip to content", views: "Views", navDeliveries: "Deliveries", navMessages: "Messages", navSend: "Send",
  connecting: "Connecting", live: "Live", reconnecting: "Reconnecting",
  stopped: "The process does not answer. It was last heard at {at}, and this page shows what there was by then.",
  repairOn: "Repair on", repairOff: "Repair off", repairOnHint: "Versions that did not arrive are read back from Chat",
  repairOffHint: "Set MSGEXT_CHAT_ENDPOINT, MSGEXT_CHAT_ADMIN and MSGEXT_CHAT_SECRET_KEY, and versions that did not arrive are read back from Chat",
  zone: "Times in UTC{zone}", zoneHint: "The zone of the process's log",
  newDeliveries: ["{n} new delivery", "{n} new deliveries"],
  deliveriesSub: "App {app}, webhooks to {url}", pause: "Pause", resume: "Resume", resumeNew: "Resume, {n} new",
  counters: "Counters since the start", filter: "Filter by key, value or any text", filterLabel: "Filter deliveries by key, value or any text", byVerdict: "Filter by verdict",
  all: "All", accepted: "accepted", rejected: "rejected", deferred: "not delivered", unanswered: "no answer", repaired: "read back",
  accepted_: "Accepted", rejected_: "Rejected", deferred_: "Not delivered", repaired_: "Read back",
  deliveriesTable: "Deliveries, newest first", time: "Time", verdict: "Verdict", what: "Message and command", change: "Change", duration: "Duration",
  older: "Show older", received: "Received", p95: "p95 time", p95Hint: "Of the deliveries listed, 95 in 100 took no longer",
  noMatch: "No delivery matches the filter.", clearFilter: "Clear the filter", waiting: "Waiting for the first webhook.", sendSample: "Send a sample",
  probe: "Probe: an empty request", tooLarge: "Body too large", notUnderstood: "Body not understood", otherCommand: "Another command", notAuthentic: "Not authenticated", refusedBefore: "Refused before its command was known",
  keys: ["{n} key", "{n} keys"], more: ["and {n} more", "and {n} more"], removed: "{key} removed", allRemoved: "everything removed", allRead: "as Chat has it", empty: "empty", moreText: "… {n} more",
  ofLatest: "of v{latest}", backend: "backend: HTTP {status}", backendNone: "backend: no answer", chatTold: "{said}, Chat was told {status}", notAt: "not at {names}",
  set: "set", delete: "delete", clear: "clear", read: "read",
  delivery: "Delivery {n}", close: "Close", rule: "The rule", arrived: "Arrived", took: "Took", message: "Message", command: "Command", answered: "Answered", errorInfo: "ErrorInfo", backendRow: "Backend", backendAnswer: "Its answer", after: "{said} after {took}",
  readReason: "read back from Chat",
  wentOut: "What went out", destination: "Destination", result: "Result", tries: "Tries", noDestination: "Nothing went out: it was refused before that.", noneConfigured: "Nothing went out: nothing is configured to take it.", state: "Store",
  copyEvent: "Copy event", copyHeaders: "Copy headers", event: "The event", copied: "Copied", copyBelow: "Copy the text below",
  again: "Again", sendAgain: "Send again", copyCurl: "Copy as curl", curlLine: "curl line", sentAgain: "Sent, answered with HTTP {status}.",
  curlSigned: "signed for as long as MSGEXT_MAX_SKEW", curlToken: "takes the token from MSGEXT_TOKEN in your shell", curlSample: "with a sample body, as this one was not read",
  asGiven: "As it was given", parameter: "Parameter", given: "Given", wanted: "Wanted", body: "Body", notRead: "Not read: nothing here needs it.", notReadRefused: "Not read: the request was refused before that.", bodyEmpty: "Empty.",
  bytes: ["{n} byte", "{n} bytes"], firstKept: "{bytes}, of which the first are kept",
  want_SdkAppid: "this app's SDKAppID", want_CallbackCommand: "not empty", want_RequestTime: "10 digits, at most MSGEXT_MAX_SKEW away", want_Sign: "64 lower-case hex digits",
  messagesTitle: "Messages", messagesSub: "Those heard of lately first, then all that the store holds", messagesSubRecent: "Those heard of in the last 1,000 deliveries, newest first",
  openMessage: "Open a message", group: "GroupId", seq: "MsgSeq", from: "From_Account", to: "To_Account", key: "MsgKey", open: "Open", kind: "Kind of message", kindGroup: "Group", kindC2C: "One-to-one",
  filterMessages: "Filter by name", messagesTable: "Messages", stateColumn: "State", leading: "Leading", version: "Version", keysColumn: "Keys", deliveriesColumn: "Deliveries", last: "Last",
  noMessage: "No message yet.", appears: "It appears with its first webhook.", noMessageMatch: "No message matches the filter.", moreMessages: "Show more of the store",
  stored: "Complete", missingBadge: "Version missing", unknown: "Not stored", noStore: "No store", storeDown: "Store down", storeDownNote: "The store does not answer, so nothing is known here beyond what was delivered.",
  tie: ["tied at {n}", "tied at {n}"], option: "Option {n}",
  missingBadges: ["{n} gap", "{n} gaps"],
  nobodyHeard: "Nobody has heard of this message.", nothingStored: "Nothing of it is stored.", noStoreSentence: "There is no store here: this is what was delivered.", complete: "Everything up to version {latest} is here, as Chat has it.",
  missingSentence: "Missing: {versions}. What shows may differ from Chat until they are read back.", missingOff: "Missing: {versions}. What shows may differ from Chat. Repair is off, so nothing reads them back.", andMore: "and more", versionRange: "v{from} to v{to}",
  poll: "Poll", pollSub: "{voters} over {values}", voters: ["{n} vote", "{n} votes"], values: ["{n} value", "{n} values"], pluginSub: "{voters}, by Chat's vote plugin", people: ["{n} voter", "{n} voters"], closed: "Closed", under: "< 1 %", over: "> 99 %",
  who: "{value}: {n} of {all}, {share}. Who", moreKeys: ["and {n} more", "and {n} more"], notDrawn: ["{n} less common value is not drawn", "{n} less common values are not drawn"],
  versions: "Versions", asList: "As a list", ofMessage: "Of this message", extensions: "Extensions", details: "Details", keyValues: "Key-values", keyColumn: "Key", value: "Value", listed: ", of which {n} are listed", noKeyValues: "No key-values.",
  latest: "Latest", latestHint: "The greatest version heard of", upTo: "Complete up to", upToHint: "Every version up to it is completely handled", above: "Arrived above", aboveHint: "Versions above that which are completely handled", lastClear: "Last clear", lastClearHint: "The version that last removed everything",
  readBack: "Read back", readBackHint: "The version up to which Chat itself was read", nextCheck: "Next look", nextCheckHint: "When repair looks at the message again", now: "now", off: "repair is off", tryN: "{at}, try {n}",
  ofThisMessage: "Deliveries of this message, newest first", noneOfLast: "None of the last 1,000.",
  s_arrived: "arrived", s_late: "arrived late", s_unsettled: "arrived, not accepted everywhere", s_repaired: "read back", s_settled: "handled earlier", s_missing: "missing", s_dropped: "dropped: Chat does not have it",
  noVersion: "No version is known.", readAt: "Read back from Chat at {at}", timelineScroll: "Timeline of versions, scrolls sideways", olderLeftOut: "older versions are left out", at: "{what} at {at}", versionsSummary: "Versions: {list}", versionsTable: "Versions, newest first", versionColumn: "Version", became: "What became of it", when: "When",
  sendTitle: "Send", sendSub: "Each button plays one request into the receiver of this process, signed as Chat would sign it", play: "Play a simulation", playSub: "A Chat made up for it changes messages and sends the webhooks, faults included; repair has to find out",
  toAccept: "Requests to accept", toRefuse: "Requests to refuse", noSend: "This process does not send.", answeredWith: "{title}: answered with HTTP {status}", seeDeliveries: "See deliveries", seeMessage: "Look at {label}",
  playing: "Playing {preset}: {sent} of {planned} webhooks sent, {lost} lost on purpose", repairing: "Playing {preset}: all sent, {lost} lost on purpose; {differ} of {messages} messages differ from Chat, {repaired} repaired",
  played: "Played {preset}: {changes} changes on {messages} messages, {lost} webhooks lost, {repaired} messages repaired, {differ} differ from Chat", playFailed: "{preset} ended early: {problem}",
  p_calm: "calm", p_losses: "losses", "p_losses and forgeries": "losses and forgeries",
  noAnswer: "The process does not answer.", status: "status {status}",
  titleDeliveries: "Deliveries", titleDelivery: "Delivery {n}", titleMessages: "Messages", titleMessage: "{label}", titleSend: "Send", product: "msgext console", bodyLabel: "Body", eventLabel: "CloudEvent",
};

en.advice = {
  path: "This process takes webhooks under one path only, the one in MSGEXT_PATH. Compare it with the URL set in the Chat console.",
  method: "Chat always sends POST. A browser that opens the URL sends GET.",
  query: "A percent sign is not followed by two hex digits, or a semicolon separates parameters. The signature cannot be trusted to cover what different parsers read differently.",
  repeated: "SdkAppid, CallbackCommand, Sign and RequestTime may each occur once. If the URL set in the Chat console already carries one of them, remove it there.",
  unsigned: "Chat signs only once a token is set in its console: switch authentication on there and use the same token here. Names count in exactly this case: Sign, RequestTime.",
  malformed: "Sign must be 64 lower-case hex digits, RequestTime exactly ten digits. Look below at what was given; a proxy that decodes twice or rewrites the query does this.",
  noCommand: "Every webhook names its CallbackCommand in the URL. Only an empty body may come without, as the console's try-out does.",
  foreignApp: "SdkAppid is not the one configured here. Compare it with the SDKAppID of the app in the Chat console.",
  stale: "RequestTime is further than MSGEXT_MAX_SKEW from this machine's clock. Check the clock, or a proxy that held the request back; a recorded request cannot be replayed.",
  signature: "Sign is the lower-case hex SHA-256 of the token followed by RequestTime, with nothing between them. The form is right, so the token here is not the one in the Chat console, or a space or line break came along when it was copied.",
  bodyTooLarge: "The body is over MSGEXT_MAX_BODY_BYTES. Chat's own are at most some 25 KB.",
  bodyRead: "The connection ended before the body did.",
  format: "The signature is right, but the body is not what the vendor documents. Each fault is named by its place in the body.",
  delivery: "Something that is configured to take every event did not. The version counts as missing until repair has read it back.",
  skipped: "After five failures in a row the backend in MSGEXT_RELAY is tried once a second. Look at the rows before.",
  redirect: "The backend in MSGEXT_RELAY redirects, and Chat would not follow. Set the final URL.",
  noAnswer: "The backend in MSGEXT_RELAY gave no complete answer in time. MSGEXT_RELAY_ON_FAILURE says what Chat is told.",
  loop: "The backend in MSGEXT_RELAY is this process, or another that relays to it.",
  notReady: "The process could not open what it is configured with.",
};

en.samples = {
  set: ["Set", "One vote on the sample message, under its next version."], delete: ["Delete", "Withdraws the newest vote."], clear: ["Clear", "Removes every vote."],
  skip: ["Set, one version lost", "Leaves the next version out, as when a webhook is lost: look for what is missing."], late: ["Set, late", "A version that has long been passed. It fills a gap, or changes nothing."],
  c2c: ["One-to-one", "The same kind of change on a message between two people."], before: ["Another command", "A message about to be sent. It is none of our business, so it must be let through."],
  probe: ["Probe", "Empty, as the Chat console tries a URL out."], hostile: ["Hostile text", "Markup, a right-to-left mark and a long word as key and value. They must stay text."],
  unsigned: ["Unsigned", "No Sign and no RequestTime."], "wrong-sign": ["Wrong signature", "The right form, from another token."], "upper-sign": ["Upper-case signature", "Chat sends lower case only."],
  "long-time": ["Lengthened time", "RequestTime with more than ten digits, as a length extension needs."], stale: ["Stale", "Signed an hour ago, as a replay would be."], future: ["From the future", "Signed an hour from now."],
  foreign: ["Another app", "An SdkAppid that is not this app's."], twice: ["Parameter twice", "SdkAppid given once more at the end."], escape: ["Broken escape", "A percent sign without two hex digits."],
  "no-command": ["No command", "A body, but no CallbackCommand in the URL."], get: ["GET", "As a browser that opens the URL."], comments: ["Comments in JSON", "As the vendor's page prints its samples."],
  truncated: ["Cut off", "The second half of the body is missing."], fields: ["Fields missing", "Every fault is named at once."], "key-twice": ["Key twice", "One change that gives a key two values."], "too-large": ["Body too large", "One byte over the cap."],
};

const zh = {
  goneSentence: "Chat 中已没有这条消息。以下是最后所知的内容。", gone: "Chat 中已不存在", doubted: "收到过无法处理的内容,或 Chat 可能没有的内容。读回之前,所示内容可能与 Chat 不同。", doubtedOff: "收到过无法处理的内容,或 Chat 可能没有的内容。所示内容可能与 Chat 不同。修复未开启,因此不会读回。", doubtedBadge: "存疑",
  "problem_the store does not answer": "存储没有应答。", "problem_no longer kept": "已不再保留;仅保留最近 1,000 条。", "problem_not a message of this app": "这不是本应用的消息。", "problem_a simulation is being played": "正在播放一个模拟。", "problem_not asked from this page; reload it": "请求不是来自本页;请重新加载。", "problem_its body was not read, or not kept whole": "其请求体未读取,或未完整保留。",
  skip: "跳到内容", views: "视图", navDeliveries: "回调记录", navMessages: "消息", navSend: "发送",
  connecting: "连接中", live: "实时", reconnecting: "重新连接中", stopped: "进程没有应答。最后一次收到是 {at},本页显示的是截至那时的内容。",
  repairOn: "修复已开启", repairOff: "修复未开启", repairOnHint: "未到达的版本会从 Chat 读回", repairOffHint: "设置 MSGEXT_CHAT_ENDPOINT、MSGEXT_CHAT_ADMIN 和 MSGEXT_CHAT_SECRET_KEY 后,未到达的版本会从 Chat 读回",
  zone: "时间为 UTC{zone}", zoneHint: "与进程日志的时区相同", newDeliveries: "{n} 条新回调", deliveriesSub: "应用 {app},回调地址 {url}", pause: "暂停", resume: "继续", resumeNew: "继续,{n} 条新回调",
  counters: "启动以来的计数", filter: "按键、值或任意文字筛选", filterLabel: "按键、值或任意文字筛选回调", byVerdict: "按结果筛选", all: "全部", accepted: "已接受", rejected: "已拒绝", deferred: "未送达", unanswered: "无应答", repaired: "已读回",
  accepted_: "已接受", rejected_: "已拒绝", deferred_: "未送达", repaired_: "已读回", deliveriesTable: "回调记录,最新在前", time: "时间", verdict: "结果", what: "消息和命令", change: "变更", duration: "耗时", older: "显示更早的", received: "已收到", p95: "p95 耗时", p95Hint: "所列回调中 95% 不超过此耗时",
  noMatch: "没有符合筛选条件的回调。", clearFilter: "清除筛选", waiting: "等待第一个回调。", sendSample: "发送示例", probe: "探测:空请求", tooLarge: "请求体过大", notUnderstood: "无法理解请求体", otherCommand: "其他命令", notAuthentic: "未通过鉴权", refusedBefore: "在得知命令之前已拒绝",
  keys: "{n} 个键", more: "另有 {n} 个", removed: "已删除 {key}", allRemoved: "已全部清空", allRead: "与 Chat 一致", empty: "空", moreText: "… 还有 {n} 个字符", ofLatest: "最新 v{latest}", backend: "后端:HTTP {status}", backendNone: "后端:无应答", chatTold: "{said},答复 Chat {status}", notAt: "未送达 {names}",
  set: "设置", delete: "删除", clear: "清空", read: "读取", delivery: "回调 {n}", close: "关闭", rule: "规则", arrived: "到达", took: "耗时", message: "消息", command: "命令", answered: "应答", backendRow: "后端", backendAnswer: "后端应答", after: "{said},耗时 {took}", readReason: "从 Chat 读回",
  wentOut: "发出的内容", destination: "目的地", result: "结果", tries: "次数", noDestination: "没有发出:此前已被拒绝。", noneConfigured: "没有发出:未配置目的地。", state: "存储", copyEvent: "复制事件", copyHeaders: "复制请求头", event: "事件", copied: "已复制", copyBelow: "请复制下面的文字",
  again: "重新发送", sendAgain: "再次发送", copyCurl: "复制为 curl", curlLine: "curl 命令", sentAgain: "已发送,应答 HTTP {status}。", curlSigned: "签名在 MSGEXT_MAX_SKEW 内有效", curlToken: "token 取自 shell 中的 MSGEXT_TOKEN", curlSample: "使用示例请求体,因为原请求体未读取",
  asGiven: "收到的参数", parameter: "参数", given: "收到", wanted: "应为", body: "请求体", notRead: "未读取:这里不需要。", notReadRefused: "未读取:此前已拒绝请求。", bodyEmpty: "空。", bytes: "{n} 字节", firstKept: "{bytes},仅保留开头部分",
  want_SdkAppid: "本应用的 SDKAppID", want_CallbackCommand: "非空", want_RequestTime: "10 位数字,相差不超过 MSGEXT_MAX_SKEW", want_Sign: "64 位小写十六进制数字",
  messagesTitle: "消息", messagesSub: "先列最近收到的,然后是存储中的全部消息", messagesSubRecent: "最近 1,000 条回调涉及的消息,最新在前", openMessage: "打开消息", open: "打开", kind: "消息类型", kindGroup: "群聊", kindC2C: "单聊", filterMessages: "按名称筛选", messagesTable: "消息", stateColumn: "状态", leading: "领先", version: "版本", keysColumn: "键数", deliveriesColumn: "回调", last: "最近",
  noMessage: "还没有消息。", appears: "收到第一个回调后会出现在这里。", noMessageMatch: "没有符合筛选条件的消息。", moreMessages: "显示存储中的更多消息", stored: "完整", missingBadge: "缺少版本", unknown: "未存储", noStore: "无存储", storeDown: "存储无应答", storeDownNote: "存储没有应答,因此这里只有已收到的内容。",
  tie: "并列,各 {n}", option: "选项 {n}", missingBadges: "{n} 处缺失", nobodyHeard: "从未收到过这条消息。", nothingStored: "没有存储它的任何内容。", noStoreSentence: "这里没有存储:以下是已收到的内容。", complete: "版本 {latest} 及之前的全部内容都在这里,与 Chat 一致。",
  missingSentence: "缺少:{versions}。读回之前,所示内容可能与 Chat 不同。", missingOff: "缺少:{versions}。所示内容可能与 Chat 不同。修复未开启,因此不会读回。", andMore: "等", versionRange: "v{from} 至 v{to}", poll: "投票", pollSub: "{voters},{values}", voters: "{n} 票", values: "{n} 个值", pluginSub: "{voters},由 Chat 投票插件写入", people: "{n} 人投票", closed: "已结束",
  who: "{value}:{all} 中的 {n},{share}。投票者", moreKeys: "另有 {n} 个", notDrawn: "另有 {n} 个较少的值未显示", versions: "版本", asList: "列表形式", ofMessage: "此消息", extensions: "扩展", details: "详细信息", keyValues: "键值", keyColumn: "键", value: "值", listed: ",列出其中 {n} 个", noKeyValues: "没有键值。",
  latest: "最新", latestHint: "收到过的最大版本", upTo: "完整至", upToHint: "此版本及之前均已处理完毕", above: "之后已到达", aboveHint: "在其之后已处理完毕的版本", lastClear: "最近清空", lastClearHint: "最近一次清空的版本", readBack: "已读回", readBackHint: "已从 Chat 读取到的版本", nextCheck: "下次检查", nextCheckHint: "修复下次检查此消息的时间", now: "现在", off: "修复未开启", tryN: "{at},第 {n} 次", ofThisMessage: "此消息的回调,最新在前", noneOfLast: "最近 1,000 条中没有。",
  s_arrived: "已到达", s_late: "迟到", s_unsettled: "已到达,未被全部接受", s_repaired: "已读回", s_settled: "此前已处理", s_missing: "缺失", s_dropped: "已丢弃:Chat 中没有", noVersion: "没有已知的版本。", readAt: "{at} 从 Chat 读回", timelineScroll: "版本时间线,可横向滚动", olderLeftOut: "更早的版本已省略", at: "{what},{at}", versionsSummary: "版本:{list}", versionsTable: "版本,最新在前", versionColumn: "版本", became: "结果", when: "时间",
  sendTitle: "发送", sendSub: "每个按钮向本进程发送一个请求,签名方式与 Chat 相同", play: "播放模拟", playSub: "模拟的 Chat 修改消息并发送回调(包括故障),由修复来发现", toAccept: "应接受的请求", toRefuse: "应拒绝的请求", noSend: "此进程不发送。", answeredWith: "{title}:应答 HTTP {status}", seeDeliveries: "查看回调", seeMessage: "查看 {label}",
  playing: "正在播放「{preset}」:{planned} 个回调中已发送 {sent} 个,故意丢失 {lost} 个", repairing: "正在播放「{preset}」:已全部发送,故意丢失 {lost} 个;{messages} 条消息中 {differ} 条与 Chat 不同,{repaired} 条已修复", played: "已播放「{preset}」:{messages} 条消息上 {changes} 次变更,丢失 {lost} 个回调,修复 {repaired} 条消息,{differ} 条与 Chat 不同", playFailed: "「{preset}」提前结束:{problem}",
  p_calm: "平稳", p_losses: "丢失", "p_losses and forgeries": "丢失与伪造", noAnswer: "进程没有应答。", status: "状态 {status}", titleDeliveries: "回调记录", titleDelivery: "回调 {n}", titleMessages: "消息", titleSend: "发送", product: "msgext 控制台", bodyLabel: "请求体",
  advice: {
    path: "此进程只在 MSGEXT_PATH 指定的一个路径上接受回调。请与 Chat 控制台中设置的回调 URL 对比。", method: "Chat 总是发送 POST。用浏览器打开该 URL 会发送 GET。", query: "百分号之后不是两位十六进制数字,或用分号分隔参数。不同解析器的理解不同,签名因此不可信。", repeated: "SdkAppid、CallbackCommand、Sign 和 RequestTime 各只能出现一次。如果 Chat 控制台中设置的 URL 已含其一,请在那里删除。",
    unsigned: "只有在 Chat 控制台中设置了 token,Chat 才会签名:请在那里开启鉴权,并在此使用相同的 token。名称区分大小写:Sign、RequestTime。", malformed: "Sign 必须是 64 位小写十六进制数字,RequestTime 必须恰好十位数字。请看下面收到的内容;代理重复解码或改写参数会造成这种情况。", noCommand: "每个回调都在 URL 中给出 CallbackCommand。只有空请求体可以没有,如控制台的测试。", foreignApp: "SdkAppid 与此处配置的不同。请与 Chat 控制台中应用的 SDKAppID 对比。",
    stale: "RequestTime 与本机时钟相差超过 MSGEXT_MAX_SKEW。请检查时钟,或延迟了请求的代理;录制的请求不能重放。", signature: "Sign 是 token 与 RequestTime 直接相连后的 SHA-256,以小写十六进制表示。格式正确,因此此处的 token 与 Chat 控制台中的不同,或复制时带入了空格或换行。", bodyTooLarge: "请求体超过 MSGEXT_MAX_BODY_BYTES。Chat 自己的请求体最多约 25 KB。", bodyRead: "连接在请求体结束之前中断。", format: "签名正确,但请求体与官方文档不符。每个错误都以其在请求体中的位置指明。",
    delivery: "某个配置为接收全部事件的目的地没有接收。在修复读回之前,此版本算作缺失。", skipped: "连续五次失败后,每秒只尝试一次 MSGEXT_RELAY 中的后端。请看之前的记录。", redirect: "MSGEXT_RELAY 中的后端发生重定向,而 Chat 不会跟随。请设置最终的 URL。", noAnswer: "MSGEXT_RELAY 中的后端没有及时给出完整应答。MSGEXT_RELAY_ON_FAILURE 决定如何答复 Chat。", loop: "MSGEXT_RELAY 中的后端就是此进程,或转发到此进程。", notReady: "进程无法打开所配置的内容。",
  },
  samples: {
    set: ["设置", "对示例消息投一票,使用下一个版本。"], delete: ["删除", "撤回最新的一票。"], clear: ["清空", "删除所有投票。"], skip: ["设置,丢失一个版本", "跳过下一个版本,如同丢失了一个回调:请看缺了什么。"], late: ["设置,迟到", "早已过去的版本。它会补上缺失,或不改变任何内容。"], c2c: ["单聊", "对两人之间的消息做同样的变更。"], before: ["其他命令", "即将发送的消息。与我们无关,因此必须放行。"], probe: ["探测", "空请求,如 Chat 控制台测试 URL。"], hostile: ["恶意文字", "以标记、从右到左字符和长单词作为键和值。它们必须保持为文字。"],
    unsigned: ["未签名", "没有 Sign 和 RequestTime。"], "wrong-sign": ["签名错误", "格式正确,但使用了另一个 token。"], "upper-sign": ["大写签名", "Chat 只发送小写。"], "long-time": ["加长的时间", "RequestTime 超过十位数字,如长度扩展攻击所需。"], stale: ["过期", "一小时前签名,如同重放。"], future: ["来自未来", "一小时后的签名。"], foreign: ["其他应用", "SdkAppid 不是本应用的。"], twice: ["参数重复", "末尾再次给出 SdkAppid。"], escape: ["转义错误", "百分号之后没有两位十六进制数字。"],
    "no-command": ["没有命令", "有请求体,但 URL 中没有 CallbackCommand。"], get: ["GET", "如同浏览器打开该 URL。"], comments: ["JSON 中有注释", "如官方页面上的示例。"], truncated: ["截断", "缺少请求体的后半部分。"], fields: ["缺少字段", "一次指出所有错误。"], "key-twice": ["键重复", "一次变更给同一个键两个值。"], "too-large": ["请求体过大", "超过上限一个字节。"],
  },
};

const ja = {
  goneSentence: "Chat にこのメッセージはもうありません。最後に分かっていた内容です。", gone: "Chat にありません", doubted: "取り込めなかったもの、または Chat にないかもしれないものを受信しました。読み戻されるまで、表示は Chat と異なることがあります。", doubtedOff: "取り込めなかったもの、または Chat にないかもしれないものを受信しました。表示は Chat と異なることがあります。修復がオフのため、読み戻されません。", doubtedBadge: "要確認",
  "problem_the store does not answer": "ストアが応答しません。", "problem_no longer kept": "もう保持されていません。最新の 1,000 件を保持します。", "problem_not a message of this app": "このアプリのメッセージではありません。", "problem_a simulation is being played": "シミュレーションを再生中です。", "problem_not asked from this page; reload it": "このページからの要求ではありません。再読み込みしてください。", "problem_its body was not read, or not kept whole": "本文が読まれていないか、全体が保持されていません。",
  skip: "本文へ移動", views: "ビュー", navDeliveries: "受信記録", navMessages: "メッセージ", navSend: "送信",
  connecting: "接続中", live: "ライブ", reconnecting: "再接続中", stopped: "プロセスが応答しません。最後の受信は {at} で、このページはその時点までの内容です。",
  repairOn: "修復オン", repairOff: "修復オフ", repairOnHint: "届かなかったバージョンは Chat から読み戻されます", repairOffHint: "MSGEXT_CHAT_ENDPOINT、MSGEXT_CHAT_ADMIN、MSGEXT_CHAT_SECRET_KEY を設定すると、届かなかったバージョンが Chat から読み戻されます",
  zone: "時刻は UTC{zone}", zoneHint: "プロセスのログと同じタイムゾーン", newDeliveries: "新しい受信 {n} 件", deliveriesSub: "アプリ {app}、Webhook の宛先 {url}", pause: "一時停止", resume: "再開", resumeNew: "再開、新着 {n} 件",
  counters: "起動からの件数", filter: "キー、値、任意の文字で絞り込む", filterLabel: "キー、値、任意の文字で受信を絞り込む", byVerdict: "結果で絞り込む", all: "すべて", accepted: "受理", rejected: "拒否", deferred: "未配信", unanswered: "応答なし", repaired: "読み戻し",
  accepted_: "受理", rejected_: "拒否", deferred_: "未配信", repaired_: "読み戻し", deliveriesTable: "受信記録、新しい順", time: "時刻", verdict: "結果", what: "メッセージとコマンド", change: "変更", duration: "所要時間", older: "さらに古いもの", received: "受信", p95: "p95 時間", p95Hint: "一覧の受信の 95% はこれ以内",
  noMatch: "条件に合う受信はありません。", clearFilter: "絞り込みを解除", waiting: "最初の Webhook を待っています。", sendSample: "サンプルを送信", probe: "疎通確認:空のリクエスト", tooLarge: "本文が大きすぎます", notUnderstood: "本文を解釈できません", otherCommand: "別のコマンド", notAuthentic: "認証されていません", refusedBefore: "コマンドが分かる前に拒否",
  keys: "{n} キー", more: "ほか {n} 件", removed: "{key} を削除", allRemoved: "すべて削除", allRead: "Chat と一致", empty: "空", moreText: "… 残り {n} 文字", ofLatest: "最新 v{latest}", backend: "バックエンド:HTTP {status}", backendNone: "バックエンド:応答なし", chatTold: "{said}、Chat へは {status}", notAt: "{names} に未配信",
  set: "設定", delete: "削除", clear: "全削除", read: "読取", delivery: "受信 {n}", close: "閉じる", rule: "ルール", arrived: "到着", took: "所要時間", message: "メッセージ", command: "コマンド", answered: "応答", backendRow: "バックエンド", backendAnswer: "その応答", after: "{said}、{took}", readReason: "Chat から読み戻し",
  wentOut: "送り出したもの", destination: "宛先", result: "結果", tries: "試行", noDestination: "何も送っていません:その前に拒否されました。", noneConfigured: "何も送っていません:宛先が設定されていません。", state: "ストア", copyEvent: "イベントをコピー", copyHeaders: "ヘッダーをコピー", event: "イベント", copied: "コピーしました", copyBelow: "下の文字をコピーしてください",
  again: "もう一度", sendAgain: "再送信", copyCurl: "curl としてコピー", curlLine: "curl コマンド", sentAgain: "送信しました。応答は HTTP {status}。", curlSigned: "署名は MSGEXT_MAX_SKEW の間有効", curlToken: "トークンはシェルの MSGEXT_TOKEN から", curlSample: "元の本文は読まれていないため、サンプルの本文を使用",
  asGiven: "受け取ったパラメーター", parameter: "パラメーター", given: "受信", wanted: "正しい形", body: "本文", notRead: "未読:ここでは不要です。", notReadRefused: "未読:その前に拒否されました。", bodyEmpty: "空です。", bytes: "{n} バイト", firstKept: "{bytes}、先頭のみ保持",
  want_SdkAppid: "このアプリの SDKAppID", want_CallbackCommand: "空でないこと", want_RequestTime: "10 桁、差は MSGEXT_MAX_SKEW 以内", want_Sign: "小文字の 16 進数 64 桁",
  messagesTitle: "メッセージ", messagesSub: "最近受信したもの、続いてストアにあるすべて", messagesSubRecent: "最近 1,000 件の受信にあるもの、新しい順", openMessage: "メッセージを開く", open: "開く", kind: "メッセージの種類", kindGroup: "グループ", kindC2C: "1 対 1", filterMessages: "名前で絞り込む", messagesTable: "メッセージ", stateColumn: "状態", leading: "首位", version: "バージョン", keysColumn: "キー", deliveriesColumn: "受信", last: "最新",
  noMessage: "メッセージはまだありません。", appears: "最初の Webhook で表示されます。", noMessageMatch: "条件に合うメッセージはありません。", moreMessages: "ストアの続きを表示", stored: "完全", missingBadge: "バージョン欠落", unknown: "未保存", noStore: "ストアなし", storeDown: "ストア応答なし", storeDownNote: "ストアが応答しないため、受信した内容しか分かりません。",
  tie: "同数、各 {n}", option: "選択肢 {n}", missingBadges: "欠落 {n} か所", nobodyHeard: "このメッセージは一度も受信していません。", nothingStored: "何も保存されていません。", noStoreSentence: "ストアがありません:受信した内容のみです。", complete: "バージョン {latest} までのすべてがあり、Chat と一致しています。",
  missingSentence: "欠落:{versions}。読み戻されるまで、表示は Chat と異なることがあります。", missingOff: "欠落:{versions}。表示は Chat と異なることがあります。修復がオフのため、読み戻されません。", andMore: "ほか", versionRange: "v{from} から v{to}", poll: "投票", pollSub: "{voters}、{values}", voters: "{n} 票", values: "値 {n} 種", pluginSub: "{voters}、Chat の投票プラグイン", people: "投票者 {n} 人", closed: "終了",
  who: "{value}:{all} 中 {n}、{share}。投票者", moreKeys: "ほか {n} 件", notDrawn: "少数の値 {n} 種は省略", versions: "バージョン", asList: "一覧で表示", ofMessage: "このメッセージ", extensions: "拡張", details: "詳細", keyValues: "キーと値", keyColumn: "キー", value: "値", listed: "(うち {n} 件を表示)", noKeyValues: "キーと値はありません。",
  latest: "最新", latestHint: "受信した最大のバージョン", upTo: "ここまで完全", upToHint: "これ以前はすべて処理済み", above: "その後に到着", aboveHint: "それより後で処理済みのバージョン", lastClear: "最後の全削除", lastClearHint: "最後にすべてを削除したバージョン", readBack: "読み戻し", readBackHint: "Chat から読んだバージョン", nextCheck: "次の確認", nextCheckHint: "修復が次に確認する時刻", now: "今", off: "修復オフ", tryN: "{at}、{n} 回目", ofThisMessage: "このメッセージの受信、新しい順", noneOfLast: "最近 1,000 件にはありません。",
  s_arrived: "到着", s_late: "遅れて到着", s_unsettled: "到着、一部が未受理", s_repaired: "読み戻し", s_settled: "以前に処理済み", s_missing: "欠落", s_dropped: "破棄:Chat にありません", noVersion: "既知のバージョンはありません。", readAt: "{at} に Chat から読み戻し", timelineScroll: "バージョンの時系列、横にスクロール", olderLeftOut: "古いバージョンは省略", at: "{what}、{at}", versionsSummary: "バージョン:{list}", versionsTable: "バージョン、新しい順", versionColumn: "バージョン", became: "結果", when: "時刻",
  sendTitle: "送信", sendSub: "各ボタンはこのプロセスへ、Chat と同じ署名で 1 件のリクエストを送ります", play: "シミュレーションを再生", playSub: "仮の Chat がメッセージを変更し、障害を含む Webhook を送ります。修復がそれを見つけます", toAccept: "受理すべきリクエスト", toRefuse: "拒否すべきリクエスト", noSend: "このプロセスは送信しません。", answeredWith: "{title}:応答 HTTP {status}", seeDeliveries: "受信記録を見る", seeMessage: "{label} を見る",
  playing: "「{preset}」再生中:{planned} 件中 {sent} 件送信、意図的な損失 {lost} 件", repairing: "「{preset}」再生中:送信完了、意図的な損失 {lost} 件。{messages} 件中 {differ} 件が Chat と異なり、{repaired} 件修復済み", played: "「{preset}」再生完了:{messages} 件に {changes} 回の変更、損失 {lost} 件、修復 {repaired} 件、Chat と異なるもの {differ} 件", playFailed: "「{preset}」は途中で終了:{problem}",
  p_calm: "平穏", p_losses: "損失", "p_losses and forgeries": "損失と偽造", noAnswer: "プロセスが応答しません。", status: "ステータス {status}", titleDeliveries: "受信記録", titleDelivery: "受信 {n}", titleMessages: "メッセージ", titleSend: "送信", product: "msgext コンソール", bodyLabel: "本文",
  advice: {
    path: "このプロセスが Webhook を受けるのは MSGEXT_PATH のパスだけです。Chat コンソールに設定した URL と比べてください。", method: "Chat は常に POST を送ります。ブラウザーで URL を開くと GET になります。", query: "パーセント記号の後に 16 進数 2 桁がないか、セミコロンで区切られています。パーサーごとに解釈が異なるため、署名を信頼できません。", repeated: "SdkAppid、CallbackCommand、Sign、RequestTime はそれぞれ 1 回だけです。Chat コンソールに設定した URL に含まれている場合は、そこから削除してください。",
    unsigned: "Chat はコンソールにトークンを設定した場合だけ署名します。認証を有効にし、同じトークンをここで使ってください。名前は大文字小文字を区別します:Sign、RequestTime。", malformed: "Sign は小文字の 16 進数 64 桁、RequestTime はちょうど 10 桁です。下の受信内容を確認してください。二重にデコードするプロキシや、クエリを書き換えるプロキシが原因になります。", noCommand: "Webhook は URL に CallbackCommand を含みます。コンソールの試行のような空の本文だけが例外です。", foreignApp: "SdkAppid がここの設定と異なります。Chat コンソールのアプリの SDKAppID と比べてください。",
    stale: "RequestTime とこのマシンの時計の差が MSGEXT_MAX_SKEW を超えています。時計、またはリクエストを遅らせたプロキシを確認してください。記録したリクエストは再生できません。", signature: "Sign はトークンと RequestTime をつなげた SHA-256 の小文字 16 進数です。形は正しいので、ここのトークンが Chat コンソールのものと異なるか、コピーの際に空白や改行が入りました。", bodyTooLarge: "本文が MSGEXT_MAX_BODY_BYTES を超えています。Chat の本文は最大でも 25 KB 程度です。", bodyRead: "本文が終わる前に接続が切れました。", format: "署名は正しいものの、本文がベンダーの文書と異なります。誤りはそれぞれ本文中の位置で示します。",
    delivery: "すべてのイベントを受けるはずの宛先が受け取りませんでした。修復が読み戻すまで、このバージョンは欠落とみなされます。", skipped: "5 回続けて失敗すると、MSGEXT_RELAY のバックエンドは 1 秒に 1 回だけ試されます。前の行を見てください。", redirect: "MSGEXT_RELAY のバックエンドがリダイレクトしました。Chat は追いません。最終的な URL を設定してください。", noAnswer: "MSGEXT_RELAY のバックエンドが時間内に完全な応答を返しませんでした。Chat への応答は MSGEXT_RELAY_ON_FAILURE で決まります。", loop: "MSGEXT_RELAY のバックエンドがこのプロセス自身か、ここへ中継しています。", notReady: "設定されたものを開けませんでした。",
  },
  samples: {
    set: ["設定", "サンプルのメッセージに、次のバージョンで 1 票。"], delete: ["削除", "最新の票を取り消します。"], clear: ["全削除", "すべての票を削除します。"], skip: ["設定、1 つ損失", "Webhook が失われたときのように次のバージョンを飛ばします。欠落を確認してください。"], late: ["設定、遅延", "とうに過ぎたバージョン。欠落を埋めるか、何も変えません。"], c2c: ["1 対 1", "2 人の間のメッセージに同じ変更をします。"], before: ["別のコマンド", "送信直前のメッセージ。対象外なので通さなければなりません。"], probe: ["疎通確認", "Chat コンソールが URL を試すときの空のリクエスト。"], hostile: ["危険な文字列", "マークアップ、右から左の記号、長い単語をキーと値に。文字のままでなければなりません。"],
    unsigned: ["署名なし", "Sign も RequestTime もありません。"], "wrong-sign": ["誤った署名", "形は正しく、別のトークンによるもの。"], "upper-sign": ["大文字の署名", "Chat は小文字だけを送ります。"], "long-time": ["長い時刻", "長さ拡張攻撃に必要な、10 桁を超える RequestTime。"], stale: ["期限切れ", "再生攻撃のように 1 時間前に署名。"], future: ["未来から", "1 時間後の署名。"], foreign: ["別のアプリ", "このアプリのものではない SdkAppid。"], twice: ["パラメーター重複", "末尾にもう一度 SdkAppid。"], escape: ["壊れたエスケープ", "16 進数 2 桁のないパーセント記号。"],
    "no-command": ["コマンドなし", "本文はあり、URL に CallbackCommand がありません。"], get: ["GET", "ブラウザーで URL を開いたとき。"], comments: ["JSON にコメント", "ベンダーのページのサンプルのように。"], truncated: ["切断", "本文の後半がありません。"], fields: ["項目不足", "すべての誤りを一度に示します。"], "key-twice": ["キー重複", "1 つのキーに 2 つの値を与える変更。"], "too-large": ["本文が大きすぎる", "上限より 1 バイト多い。"],
  },
};

// languages are all of them, for the test that compares them.
export const languages = { en, zh, ja };

// pick returns the first language of the browser that the page has. Chinese is simplified, whatever the region.
function pick(wanted) {
  for (const tag of wanted) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "en") return ["en", en];
    if (primary === "zh") return ["zh-CN", zh];
    if (primary === "ja") return ["ja", ja];
  }
  return ["en", en];
}

const [language, words] = pick(navigator.languages ?? [navigator.language]);
document.documentElement.lang = language;

export const number = (n) => (typeof n === "bigint" ? n : Number(n)).toLocaleString(language);

// t returns a text with its values in place. Values are text from outside as often as not: the result must only ever become a text node.
export function t(name, values = {}) {
  let text = words[name] ?? en[name];
  if (Array.isArray(text)) text = text[String(values.n) === "1" ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, key) => (key === "n" && typeof values.n !== "string" ? number(values.n) : String(values[key])));
}

// parts returns a text as a list in which nodes stand for values.
export function parts(name, values) {
  const text = words[name] ?? en[name];
  return text.split(/(\{\w+\})/).filter(Boolean).map((part) => (part.startsWith("{") ? values[part.slice(1, -1)] : part));
}

export const advice = (name) => words.advice?.[name] ?? en.advice[name];
export const sampleTexts = (name) => words.samples?.[name] ?? en.samples[name] ?? [name, ""];

// known returns the text of a name that the process sends, or the name itself.
export const known = (prefix, name) => words[prefix + name] ?? en[prefix + name] ?? name;

// translate fills in the texts of the page as it was loaded.
export function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  for (const element of root.querySelectorAll("[data-t-placeholder]")) element.setAttribute("placeholder", t(element.dataset.tPlaceholder));
  for (const element of root.querySelectorAll("[data-t-sample]")) element.textContent = sampleTexts(element.dataset.tSample)[0];
  for (const element of root.querySelectorAll("[data-t-detail]")) element.textContent = sampleTexts(element.dataset.tDetail)[1];
  for (const element of root.querySelectorAll("[data-t-preset]")) element.textContent = known("p_", element.dataset.tPreset);
}
