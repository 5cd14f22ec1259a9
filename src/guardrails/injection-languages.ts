/** Orders to forget the instructions, in other languages than English, of normal text: small letters without accents. */
export const foreignOverrides: readonly RegExp[] = [
  // German
  /\b(?:ignorier|vergiss|vergesst|missachte|uberschreib|umgeh|beachte nicht|verwirf|ubergeh)\w{0,6}\b.{0,40}\b(?:anweisung|instruktion|vorgabe|regel|befehl|richtlinie|prompt|alles|anleitung|bisherig|einschrankung)/u,
  // French
  /\b(?:ignore[zr]?|oublie[zr]?|neglige[zr]?|contourne[zr]?|ne (?:tiens|tenez) (?:pas|plus) compte|fais abstraction)\b.{0,10}\b(?:les?|la|l'|tout\w{0,2}|mes|tes|vos|ces|des|du)\b.{0,30}\b(?:instruction|consigne|regle|directive|ordre|prompt|ce qu)/u,
  // Spanish and Portuguese
  /\b(?:ignor[ae]\w{0,3}|olvid[ae]\w{0,3}|descart[ae]\w{0,3}|omit[ae]\w{0,2}|esquec[ae]\w{0,3}|desconsider[ae]\w{0,2}|desobede[cz]\w{0,3}|no (?:sigas|hagas caso)|nao (?:siga|obedeca))\b.{0,40}\b(?:instrucci|instrucoes|regla|regra|orden|ordens|directiv|diretriz|indicacion|prompt|todo lo (?:anterior|que)|tudo o que|restric)/u,
  // Italian
  /\b(?:ignora\w{0,2}|dimentica\w{0,2}|trascura\w{0,2}|tralascia\w{0,2}|non (?:seguire|considerare))\b.{0,40}\b(?:istruzion|regol|direttiv|ordin|indicazion|prompt|tutto (?:cio|quello))/u,
  // Dutch, Swedish, Danish, Norwegian
  /\b(?:negeer|vergeet|ignorera|bortse fran|glom|ignorer|glem|se bort fra|overse)\b.{0,40}\b(?:instructie|aanwijzing|regel|opdracht|instruktion|anvisning|instruks|prompt|alles wat|allt|alt (?:ovenfor|over))/u,
  // Polish and Czech
  /\b(?:zignoruj|ignoruj\w{0,3}|zapomnij|pomin|zapomen\w{0,3}|nedbej|odrzuc)\b.{0,40}(?:instrukc|polecen|zasad|regul|pokyn|pravid|prikaz|wszystk|vsechn|prompt)/u,
  // Turkish
  /(?:tum|onceki|butun|yukaridaki|yukarıdaki|sistem).{0,30}(?:talimat|kural|yonerge|komut|istem)\p{L}{0,12}.{0,40}(?:gormezden gel|yok say|unut|dikkate alma|bosver)/u,
  // Finnish
  /\b(?:unohda|ohita|jata huomiotta|ala valita)\b.{0,40}(?:ohje|saanno|kehot|kasky)/u,
  // Indonesian and Vietnamese
  /\b(?:abaikan|lupakan)\b.{0,40}(?:instruksi|perintah|aturan|petunjuk)/u,
  /(?:bo qua|phot lo|quen).{0,40}(?:huong dan|chi dan|chi thi|lenh|quy tac)/u,
  // Russian, Ukrainian, Bulgarian
  /(?:игнорир|проигнорир|забуд|не обращаи внимани|отмени|пропусти|ігнору|забуд|знехту|пренебрегн|забрав).{0,60}(?:инструкц|указани|правил|команд|промпт|сказано|ограничени|інструкц|вказівк|вказивк|правил)/u,
  // Chinese, Japanese, Korean
  /(?:忽略|無視|无视|忘记|忘掉|忘記|不要理会|不要遵守|绕过|跳过|抛开).{0,20}(?:指令|指示|说明|提示|规则|規則|要求|内容|命令|限制|設定)/u,
  /(?:指示|命令|ルール|プロンプト|指図|設定|制約|制限).{0,15}(?:無視|忘れ|破棄|従わな|無効)/u,
  /(?:지시|명령|규칙|프롬프트|지침|설정|제한).{0,20}(?:무시|잊어|잊고|따르지|버려)/u,
  // Arabic, Persian, Hebrew, Hindi, Greek
  /(?:تجاهل|انس|انسى|تجاوز|لا تتبع).{0,40}(?:تعليمات|التعليمات|[اأ]وامر|ال[اأ]وامر|قواعد|القواعد|توجيهات)/u,
  /(?:دستور|قوانین|دستورالعمل|دستورات|قواعد).{0,40}(?:نادیده|فراموش)/u,
  /(?:התעלם|תתעלם|שכח|תשכח).{0,40}(?:הוראות|ההוראות|כללים|הכללים|ההנחיות)/u,
  /(?:नियम|निर्देश|आदेश|अनुदेश).{0,40}(?:अनदेखा|भूल|नज़रअंदाज|नजरअंदाज)/u,
  /(?:αγνοησε|ξεχασε|παρακαμψε).{0,40}(?:οδηγι|εντολ|κανον)/u,
];

/** Requests for the instructions themselves. */
export const foreignExfiltrations: readonly RegExp[] = [
  /\b(?:zeig|nenn|verrat|gib|wiederhol|druck|schreib)\w{0,4}\b.{0,40}\b(?:system-?prompt|systemanweisung|systemnachricht|anweisungen (?:von )?oben|deine (?:anweisungen|instruktionen))/u,
  /\b(?:montre|affiche|revele|donne|repete|muestra|muestrame|revela|repite|dime|ensena|mostre|mostra|mostrami|ripeti|rivela|rivelami|repita|revele|toon|herhaal|pokaz|ujawnij|visa|vis)\b.{0,40}\b(?:prompt (?:du |de |del |di )?(?:systeme|sistema)|prompt systemowy|system-?prompt|systeem-?prompt|instruc\w{2,6} (?:initiales|iniciales|iniciais|del sistema|do sistema)|instructions (?:initiales|systeme)|istruzioni (?:iniziali|di sistema))/u,
  /(?:покажи|раскрои|выведи|повтори|напиши).{0,40}(?:системн\p{L}{2,4} (?:промпт|инструкц|подсказк|сообщени)|свои инструкции|твои инструкции)/u,
  /(?:显示|告诉我|输出|重复|打印|透露).{0,20}(?:系统提示|初始指令|系统指令|提示词)/u,
  /(?:システムプロンプト|初期指示|システムメッセージ).{0,20}(?:表示|教え|出力|見せ|繰り返)/u,
  /(?:시스템 ?프롬프트|초기 ?지시).{0,20}(?:보여|알려|출력|공개)/u,
];
