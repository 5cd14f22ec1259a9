/** A sign that a text gives orders to the model, and how much it weighs. No text counts a sign twice. */
export interface InjectionSignal {
  readonly name: string;
  readonly weight: number;
  /** Of normal text. Every repetition is bounded: time is linear in the text. */
  readonly pattern: RegExp;
}

const gap = (most: number) => `[^.!?\\n]{0,${most}}?`;

const ignore =
  "ignor(?:e|ing)|skip|erase|drop|disregard(?:ing)?|forget(?: about)?|override|overwrite|bypass|discard|neglect|dismiss|abandon|set aside|throw (?:away|out)|pay no attention to|(?:do not|don'?t|never|stop|no longer|cease to)(?: have to| need to)? (?:follow(?:ing)?|obey(?:ing)?|adher(?:e|ing) to|listen(?:ing)? to|comply(?:ing)? with|apply(?:ing)?)";
const earlier =
  "previous(?:ly)?|prior|above|earlier|preceding|initial|original|former|past|existing|foregoing|system|developer|your|all|any|every(?:thing)?|these|those|safety|content";
const rules =
  "instructions?|prompts?|rules?|directions?|directives?|guidelines?|guidance|commands?|orders?|constraints?|restrictions?|limitations?|polic(?:y|ies)|programming|training|safeguards?|filters?|guardrails?|protocols?|context|(?:system|developer) messages?|(?:you(?:'ve| have)?|i) (?:were|was|been|ever|previously|just)? ?(?:told|given|taught|learned|said|instructed)";

/** Where a sentence gives an order, not where it tells of one: at a beginning, or behind words that lead up to it. */
const order =
  "(?<=^|[.!?:;,\\n>)\\]}*#|-]\\s{0,4}|\\b(?:please|now|and|then|just|so|also|first|kindly|simply|must|should|shall|will|can|you to|ok(?:ay)?|hey|hi|hello|assistant|ai|but|instead|task is to|need to|have to|want to) )";

const show =
  "reveal|show|print|repeat|output|display|tell me|give me|leak|dump|share|disclose|recite|echo|write (?:out|down)|copy|paste|quote|expose|return|spell out|list|summari[sz]e|translate|encode|send me|provide|state";
const hidden =
  "system|initial|hidden|secret|original|developer|your|full|internal|confidential|raw|exact|whole|entire|complete|underlying";
const hiddenRules =
  "(?:system )?prompts?|instructions?|(?:system|developer|initial) messages?|rules|guidelines|directives?|configuration|preamble|pre-?prompt|programming";

const assistant =
  "ai|a\\.i\\.|llms?|language models?|(?:ai )?assistants?|(?:ai )?agents?|models?|chat ?gpt|gpt(?:-\\d)?|claude|gemini|copilot|chat ?bots?|bots?";

function signal(name: string, weight: number, ...alternatives: readonly string[]): InjectionSignal {
  return { name, weight, pattern: new RegExp(alternatives.map((one) => `(?:${one})`).join("|"), "mu") };
}

const overrideWords = `(?:${ignore})\\b${gap(30)}\\b(?:${earlier})\\b${gap(30)}\\b(?:${rules})\\b`;
const textBefore = `(?:${ignore})\\b${gap(12)}\\b(?:text|message|content|lines?|words|${rules})\\b${gap(20)}\\b(?:above|before this|given to you|you (?:were|have been|got)|earlier|previously)\\b`;
const forgetAll = `(?:${ignore})\\b${gap(10)}\\b(?:everything|all|anything|whatever)(?: (?:that|which|of))?(?: (?:is|was|comes?|came|written|stated|said))? (?:above|before|prior|so far|you (?:know|were|have|ha[ds]|learned)|i (?:said|told)|up to (?:now|this))`;
const exfiltrationWords = `(?:${show})\\b${gap(40)}\\b(?:${hidden})\\b${gap(20)}\\b(?:${hiddenRules})\\b`;

/** By meaning. Weights: 4 is an order of its own, 2 or 3 are seldom innocent together, 1 is a hint. */
export const injectionSignals: readonly InjectionSignal[] = [
  signal("instruction_override", 3, `${order}(?:${overrideWords}|${textBefore}|${forgetAll})`),
  signal("override_mention", 1, `\\b(?:${overrideWords}|${textBefore}|${forgetAll})`),
  signal("prompt_exfiltration", 3, `${order}${exfiltrationWords}`),
  signal(
    "prompt_question",
    4,
    `\\bwhat(?:'s| is| are| was| were| did)\\b${gap(20)}\\b(?:your|the) (?:exact |full |complete |very |own )?(?:system|initial|original|hidden|secret|first|internal|developer) (?:${hiddenRules})(?: (?:that )?you\\b|\\b(?! (?:of|in|for|to|from)\\b)(?<=your .{0,40}))`,
    `\\b(?:repeat|print|output|copy|write|return|display)\\b${gap(30)}\\b(?:everything|all|words|text|lines?|content|sentences?|messages?)\\b${gap(15)}\\b(?:above this|before (?:this|my)|that came before|you were given|(?:above|before).{0,3}(?:word for word|verbatim|from the)|from the very)`,
    `\\b(?:text|words|part|messages?|conversation|content|lines)\\b${gap(30)}\\b(?:before my (?:first|message)|i (?:cannot|can't|can not) see|hidden from me|you were (?:first )?given|of your setup)\\b`,
  ),
  signal(
    "prompt_mention",
    1,
    `\\b${exfiltrationWords}`,
    "\\b(?:system|hidden|secret)[ _-]prompt\\b",
    "\\b(?:reveal|leak|dump|output|print|show|expose|recite)s? (?:the|your|its|me the|me your) (?:prompt|instructions|configuration)\\b",
  ),
  signal(
    "chat_template",
    3,
    "<\\|?(?:im_start|im_end|im_sep|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|begin_of_text|end_of_text|fim_\\w{1,10})\\|>",
    "\\[/?inst\\]|<</?sys>>|<(?:start|end)_of_turn>|<\\|?/?(?:system|assistant)(?:_prompt|_message|_instructions?)?\\|?>",
    "^\\s{0,4}#{2,4} ?(?:system|instructions?|assistant|response|new instructions?)(?: (?:prompt|message|override))? ?:?\\s{0,4}$|^\\s{0,4}#{2,4} ?(?:system|assistant)\\b.{0,30}:",
    "^\\s{0,4}(?:human|user)\\s{0,2}: .{0,300}\\n{1,3}\\s{0,4}(?:assistant|ai)\\s{0,2}:",
  ),
  signal(
    "template_system",
    2,
    "<\\|im_start\\|> ?system|<<sys>>|<\\|start_header_id\\|> ?system|<\\|?system\\|?>|###? ?system\\b",
  ),
  signal(
    "role_marker",
    2,
    "^[\\s>*\\[(\"'`{#=-]{0,6}(?:system|assistant|developer|admin(?:istrator)?|root)(?:[ _](?:message|prompt|note|notice|override|update|instructions?|command|alert))?[\\])*\"'`]{0,4}\\s{0,2}[:=>]",
    '"role"\\s{0,4}:\\s{0,4}"(?:system|developer|assistant)"',
  ),
  signal(
    "new_instructions",
    3,
    `\\b(?:your|here (?:are|is)|these are|follow|obey|with|adopt|the following)(?: \\w{1,12}){0,2} (?:new|real|actual|true|updated|revised|only|next) (?:${rules}|task|objective|goal|mission|role|purpose|job)\\b`,
    `\\b(?:new|updated|revised|real|actual|important|special|urgent|priority) (?:system )?(?:instructions?|directives?|task|rules|orders?|objective|prompt)\\s{0,2}:`,
  ),
  signal(
    "rules_revoked",
    4,
    `\\b(?:your|previous|prior|earlier|initial|original|system|developer|safety|content|all (?:earlier|previous))\\b${gap(15)}\\b(?:${rules})${gap(20)}\\b(?:void|obsolete|cancell?ed|revoked|replaced|superseded|suspended|lifted|outdated|disabled|switched off|null|off|gone|no longer (?:valid|apply|applies|in effect|hold|matter|count))\\b(?=[^.?]{0,60}(?:[.!,;]|$))`,
    `\\b(?:guidelines?|rules|polic(?:y|ies)|restrictions|instructions)${gap(12)}\\b(?:do not|don't|no longer|does not|doesn't|never) apply (?:to (?:me|you|us|this)|here|now)\\b`,
    `\\beverything\\b${gap(30)}\\b(?:before|above|so far|until now)\\b${gap(20)}\\b(?:was|is) (?:a |only |just |all )*(?:test|void|wrong|fake|joke|lie|obsolete|untrue)\\b`,
  ),
  signal(
    "persona",
    2,
    `\\b(?:you are|you're|you will be|you shall be|u r) (?:now|no longer|going to be|about to become|to (?:become|act|play))\\b`,
    "\\bfrom (?:now|this (?:point|moment)|here) on(?:wards?|ward)?,? (?:you|your|act|answer|respond|reply)",
    "\\b(?:act|behave|respond|answer|pose|function|operate|speak|role-?play|play) (?:as|like) (?:my |if you (?:were|had|have|are)|though you|an? (?:\\w{1,15} ){0,3}(?:unrestricted|uncensored|unfiltered|evil|amoral|rogue|jailbroken|linux|terminal|hacker|human|ai|model|assistant))",
    "\\b(?:pretend|imagine|suppose|assume|role-?play|simulate)\\b.{0,30}\\b(?:you|ai|model|assistant|grand(?:ma|mother)|character|being)\\b",
    "\\b(?:you are|stay|remain|be) in character\\b|\\bbreak character\\b|\\btwo (?:responses|answers)\\b.{0,80}\\b(?:normal|classic|jailb\\w{0,10}|dan)\\b",
  ),
  signal(
    "jailbreak_name",
    3,
    "\\b(?:do anything now|jail-?broken|dan mode|evil-?(?:bot|gpt|confidant)|(?:chaos|freedom)gpt|betterdan|stan prompt|dude prompt|opposite mode|anti-?gpt|unfiltered ai|always intelligent and machiavellian|(?:late|deceased|dead) grand(?:mother|ma)|(?:uncensored|unfiltered|evil)(?:gpt|ai|bot))\\b",
    "\\b(?:developer|dev|god|debug(?:ging)?|sudo|admin|root|unrestricted|maintenance|unsafe|unlocked|diagnostic|test(?:ing)?|dan|jailbreak|raw|override|training|uncensored|no-?filter) mode\\b.{0,30}\\b(?:enabled?|activated?|on|engaged?|unlocked|initiated)\\b",
    "\\b(?:enable|enter|activate|switch (?:in)?to|engage|turn on|unlock|initiate|boot into|go into|you are in)\\b.{0,25}\\b(?:developer|dev|god|debug(?:ging)?|sudo|admin|root|unrestricted|maintenance|unsafe|diagnostic|dan|jailbreak|raw|override|uncensored|no-?filter) mode\\b",
    "\\b(?:called|named|name is|as|become|you are|be) [\"'“]?dan\\b",
  ),
  signal(
    "no_limits",
    3,
    `\\b(?:without|no|free (?:of|from)|not (?:bound|limited|restricted|constrained) by|lift(?:ed)?|remov(?:e|ed|ing)|disabl(?:e|ed|ing)|turn(?:ed)? off|switch(?:ed)? off|bypass(?:es|ing)?|unshackled from|exempt from|ignor(?:e|es|ing)|lacks?|zero|nor) (?:\\w{1,12},? ){0,4}(?:restrictions?|limitations?|limits|filters?|filtering|censorship|moral(?:s|ity)?|ethic(?:s|al)|(?:safety|content|ethical|moral) (?:\\w{1,12} )?(?:guidelines?|polic(?:y|ies)|filters?|rules|checks?|constraints?|guardrails?|protocols?|measures)|guardrails|safeguards|inhibitions|warnings or disclaimers|disclaimers)\\b`,
    "\\b(?:you|ai|it|that|who|max|and|he|she|gpt|model|bot|assistant) (?:can |will |must |may |shall |should |do |does )?(?:never|cannot|can't|not|don't|won't)(?: \\w{1,10})? (?:refuses?|declines?|say no|says no|rejects?|apologi[sz]es?)\\b",
    "\\b(?:have|has|had|with|are|is) (?:absolutely )?no (?:more )?(?:rules|polic(?:y|ies)|content policy|morals|filters?|restrictions)\\b",
    "\\b(?:unrestricted|uncensored|unfiltered|amoral|jailbroken) (?:\\w{1,12} ){0,2}(?:ai|assistant|model|bot|chatbot|version|answer|response|mode|access)\\b",
  ),
  signal(
    "total_obedience",
    2,
    "\\b(?:comply|obey|answers?|grant|fulfil\\w{0,3}|respond|agree|accept)(?: \\w{1,12})? (?:with |to )?(?:every|all|any|each) (?:\\w{1,12} )?(?:requests?|questions?|commands?|orders?|instructions?|prompts?)\\b",
    "\\b(?:obey|comply)\\b.{0,20}\\b(?:unconditionally|fully|without question|completely|always)\\b|\\banswers? (?:everything|anything)\\b",
  ),
  signal(
    "biased_verdict",
    2,
    "\\b(?:rate|score|mark|recommend|rank|award|give|grade|write that|say that|output|conclude)\\b.{0,60}\\b(?:excellent|the best|highest|top (?:score|marks?|rating)|full marks|accepted|10/10|ten out of ten|only (?:safe|positive)|perfect|strong(?:ly)? (?:hire|accept)|approved)\\b",
  ),
  signal(
    "secrecy",
    2,
    "\\b(?:do not|don't|never|without|must not|avoid)\\b.{0,12}\\b(?:tell(?:ing)?|mention(?:ing)?|inform(?:ing)?|reveal(?:ing)?|alert(?:ing)?|notify(?:ing)?|let(?:ting)?|disclos(?:e|ing)|show(?:ing)?|warn(?:ing)?|acknowledg(?:e|ing))\\b.{0,40}\\b(?:user|users|anyone|anybody|human|customer|reader|owner|this (?:message|instruction|note|text|step|paragraph)|these instructions|them about)\\b",
    "\\bwithout (?:asking|confirm\\w{0,6}|approval|consent|permission|telling|the knowledge)\\b.{0,12}\\b(?:user|owner|human|customer)\\b|\\b(?:user|reviewer|reader|human|owner) must not (?:be told|know|see|learn)\\b",
    "\\b(?:keep|hide|conceal)\\b.{0,30}\\b(?:secret|hidden|quiet|from the (?:user|human|customer))\\b|\\b(?:silently|secretly|covertly|quietly) (?:\\w{1,12} ){0,2}(?:call|send|run|forward|add|include|execute|insert|copy|delete|append|upload|email|transfer|change)\\b",
  ),
  signal(
    "addresses_model",
    2,
    `\\b(?:attention|dear|hey|hello|hi|note (?:to|for)|message (?:to|for)|notice (?:to|for)|instructions? (?:to|for)|listen|reminder (?:to|for)|directive (?:to|for)|(?:important|urgent)(?: (?:message|note|instructions?))?(?: (?:to|for))?)[,:]? (?:the |any |all |every )?(?:${assistant})\\b`,
    `\\b(?:if you are|any|all|when|if) (?:an? |the |you, the )?(?:${assistant})s? (?:that |which |who )?(?:is |are |should |must )?(?:read(?:ing|s)?|process(?:ing|es)?|summari[sz](?:ing|es?)|pars(?:ing|es?)|review(?:ing|s)?|evaluat(?:ing|es?)|scor(?:ing|es?)|see(?:ing|s)?|analy[sz](?:ing|es?))\\b`,
    `(?:^|[>!?:,.]\\s{0,3}|\\bnow,? )(?:assistant|ai|llm|language model|chatgpt|claude|gemini|copilot|ai agent)s?, ?(?!what|how|who|when|where|can|could)`,
    `\\b(?:${assistant})s? (?:visiting|reading|processing|evaluating|grading|reviewing|parsing|summari[sz]ing|crawling)\\b.{0,60}\\b(?:must|should|shall|has to|have to|need to)\\b`,
    `\\b(?:the|this|you,? the) (?:${assistant})(?: \\w{1,12})? (?:must|should|shall|has to|needs to|is (?:required|instructed|ordered|authori[sz]ed) to)\\b`,
  ),
  signal(
    "claimed_authority",
    2,
    "\\b(?:i am|i'm|this is|as|speaking as|message from|on behalf of)(?: \\w{1,10}){0,2} (?:developers?|creators?|administrators?|admin|owner|openai|anthropic|system operator|programmer|maker|security team|engineer)\\b.{0,100}\\b(?:you|your|ignore|override|disable|reveal|comply|authori[sz]ed?|prompt|instructions?|filters?)\\b",
    "\\b(?:system|admin(?:istrator)?|security|emergency|root|developer|safety|policy) (?:override|overrides|bypass|clearance|authori[sz]ation|directive)\\b",
    "\\b(?:override|authori[sz]ation|access|clearance|admin|unlock) (?:code|key|token|level|password|phrase)\\b.{0,6}[:=#]",
    "\\b(?:openai|anthropic|google|microsoft|your (?:developers?|creators?|makers?)) (?:has |have |now |explicitly |officially )*(?:authori[sz]ed?|approved?|permit(?:s|ted)?|allow(?:s|ed)?|instruct(?:s|ed)?|updated|disabled|removed|granted)\\b",
  ),
  signal(
    "forced_answer",
    2,
    "\\b(?:start|begin|open) (?:your |the |each |every )?(?:reply|response|answer|output|sentence|message) (?:with|by saying)\\b",
    "\\b(?:only|just|simply|always|instead|must) (?:say|reply|respond|answer|output|print|write|return|respond with|type)\\b.{0,30}[\"'“‘`]",
  ),
  signal(
    "success_marker",
    2,
    "\\b(?:say|reply|respond|output|print|answer|write|word)\\b.{0,20}\\b(?:pwned|hacked|0wned|compromised|jailbroken|jailbreak successful)\\b",
  ),
  signal(
    "data_exfiltration",
    4,
    "\\b(?:send|post|forward|upload|exfiltrate|e-?mail|transmit|submit|leak|append|copy|report|deliver)\\b.{0,60}\\b(?:conversation|chat (?:history|log)|history|api[ _-]?keys?|passwords?|credentials?|secrets?|(?:session |access )?tokens?|system prompt|user(?:'s)? (?:data|details|info\\w{0,10}|e-?mails?|messages?)|personal (?:data|information)|env(?:ironment)? var\\w{0,8}|inbox|contacts|private (?:key|data|files?)|cookies|(?:its|their) contents?|all (?:files|documents|e-?mails|messages|data))\\b.{0,50}\\b(?:to|at|via|into)\\b.{0,25}(?:https?:|hxxps?:|www\\.|\\S{1,64}@\\S{1,64}|\\b[\\w-]{1,40}\\.(?:com|net|org|io|xyz|ru|dev|app|site|example|evil|test)\\b|webhook|attacker)",
  ),
  signal(
    "markdown_exfiltration",
    4,
    "!\\[[^\\]\\n]{0,100}\\]\\(\\s{0,4}https?://[^)\\s]{1,200}[?&/#][\\w-]{0,40}[=/]?(?:\\{|%7b|\\[|<|\\$\\{?[a-z]|(?:your|the|user|insert|base64|encoded|all|summary|conversation|chat|secret|history)[_+%-])",
    "<img\\b[^>\\n]{0,100}\\bsrc\\s?=\\s?[\"']?https?://[^>\\s]{1,200}[?&][\\w-]{1,40}=(?:\\{|%7b|\\[|<|\\$\\{)",
    "\\b(?:image|img|markdown|link|pixel|url)\\b.{0,60}\\b(?:whose|with|contain(?:s|ing)|carr(?:ies|ying)|has|as its|query|parameter)\\b.{0,60}\\b(?:conversation|history|secret|api key|password|user(?:'s)? (?:\\w{1,10} )?(?:data|e-?mail|message|question|input|details)|system prompt|token|base64)\\b",
    "\\b(?:conversation|chat history|secret|password|system prompt|api key)\\b.{0,40}\\b(?:as|in|into)\\b.{0,15}\\b(?:query|url|link|image|parameter)",
  ),
  signal(
    "false_boundary",
    3,
    "</(?:user_?input|user_?(?:query|message)|documents?|context|untrusted\\w{0,12}|tool_?(?:result|response|output)s?|function_?(?:result|response|call)s?|search_?results?|data|query|instructions|input|prompt|article|e-?mail|web_?page)>",
    `\\b(?:end|close) of (?:the )?(?:user|system|untrusted|document|context|input|prompt|e-?mail|data|article|search|tool)(?:'s)?(?: \\w{1,12}){0,2}\\b.{0,40}\\n`,
    "^[\\s=*#_~<>\\[-]{2,30}(?:begin|start|end|new|ignore)\\b.{0,20}\\b(?:instructions?|prompt|system|user|input|document|session|conversation|context|rules)\\b",
    "<(?:tool|function)_?(?:result|response|call|output)s?>|^\\s{0,4}(?:tool|function|observation|search)[ _](?:result|output|response|returned)s?\\s{0,2}:",
  ),
  signal(
    "hidden_markup",
    2,
    `<!--[^>]{0,300}\\b(?:${assistant}|instructions?|ignore|prompt|system)\\b`,
    "\\b(?:display ?: ?none|visibility ?: ?hidden|font-size ?: ?0(?:px|pt|em)?\\b|opacity ?: ?0\\b|color ?: ?(?:white|#fff\\b|#ffffff|transparent))",
    `\\[//\\]: # \\(`,
  ),
];
