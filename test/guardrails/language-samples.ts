/** Sentences of our own, of the kind that people write to an assistant, ten of each language. */
const texts: Readonly<Record<string, string>> = {
  en: `
How do I change the address on my order?
Please write a short poem about autumn for my grandmother.
The package arrived on Tuesday, but one of the cups was broken.
What would you recommend to a family with two small children?
I have been waiting for an answer since last week.
Summarise the following report in three bullet points.
Can you explain how a heat pump works in winter?
My train leaves at nine, so we should meet before eight.
Which of these two phones has the better camera?
It was raining all day and nobody wanted to go out.`,
  de: `
Wie kann ich die Adresse meiner Bestellung ändern?
Bitte schreib ein kurzes Gedicht über den Herbst für meine Oma.
Das Paket kam am Dienstag, aber eine der Tassen war kaputt.
Was empfehlen Sie einer Familie mit zwei kleinen Kindern?
Ich warte seit letzter Woche auf eine Antwort.
Fasse den folgenden Bericht in drei Punkten zusammen.
Kannst du erklären, wie eine Wärmepumpe im Winter funktioniert?
Mein Zug fährt um neun, also sollten wir uns vor acht treffen.
Welches der beiden Handys hat die bessere Kamera?
Es hat den ganzen Tag geregnet und niemand wollte hinaus.`,
  fr: `
Comment puis-je changer l'adresse de ma commande ?
Écris un court poème sur l'automne pour ma grand-mère.
Le colis est arrivé mardi, mais une des tasses était cassée.
Que recommandez-vous à une famille avec deux petits enfants ?
J'attends une réponse depuis la semaine dernière.
Résume le rapport suivant en trois points.
Peux-tu expliquer comment fonctionne une pompe à chaleur en hiver ?
Mon train part à neuf heures, donc nous devons nous voir avant huit heures.
Lequel de ces deux téléphones a le meilleur appareil photo ?
Il a plu toute la journée et personne ne voulait sortir.`,
  es: `
¿Cómo puedo cambiar la dirección de mi pedido?
Escribe un poema corto sobre el otoño para mi abuela.
El paquete llegó el martes, pero una de las tazas estaba rota.
¿Qué recomienda para una familia con dos niños pequeños?
Estoy esperando una respuesta desde la semana pasada.
Resume el siguiente informe en tres puntos.
¿Puedes explicar cómo funciona una bomba de calor en invierno?
Mi tren sale a las nueve, así que debemos vernos antes de las ocho.
¿Cuál de estos dos teléfonos tiene la mejor cámara?
Llovió todo el día y nadie quería salir de casa.`,
  it: `
Come posso cambiare l'indirizzo del mio ordine?
Scrivi una breve poesia sull'autunno per mia nonna.
Il pacco è arrivato martedì, ma una delle tazze era rotta.
Che cosa consigliate a una famiglia con due bambini piccoli?
Aspetto una risposta dalla settimana scorsa.
Riassumi la seguente relazione in tre punti.
Puoi spiegare come funziona una pompa di calore in inverno?
Il mio treno parte alle nove, quindi dobbiamo vederci prima delle otto.
Quale di questi due telefoni ha la fotocamera migliore?
Ha piovuto tutto il giorno e nessuno voleva uscire.`,
  pt: `
Como posso mudar o endereço do meu pedido?
Escreva um poema curto sobre o outono para a minha avó.
O pacote chegou na terça, mas uma das xícaras estava quebrada.
O que recomenda para uma família com duas crianças pequenas?
Estou esperando uma resposta desde a semana passada.
Resuma o seguinte relatório em três pontos.
Você pode explicar como funciona uma bomba de calor no inverno?
O meu trem sai às nove, então devemos nos encontrar antes das oito.
Qual destes dois telefones tem a melhor câmera?
Choveu o dia todo e ninguém queria sair.`,
  nl: `
Hoe kan ik het adres van mijn bestelling wijzigen?
Schrijf een kort gedicht over de herfst voor mijn oma.
Het pakket kwam dinsdag aan, maar een van de kopjes was stuk.
Wat raadt u een gezin met twee kleine kinderen aan?
Ik wacht al sinds vorige week op een antwoord.
Vat het volgende verslag samen in drie punten.
Kun je uitleggen hoe een warmtepomp in de winter werkt?
Mijn trein vertrekt om negen uur, dus we moeten elkaar voor acht uur zien.
Welke van deze twee telefoons heeft de beste camera?
Het regende de hele dag en niemand wilde naar buiten.`,
  pl: `
Jak mogę zmienić adres mojego zamówienia?
Napisz krótki wiersz o jesieni dla mojej babci.
Paczka przyszła we wtorek, ale jedna z filiżanek była stłuczona.
Co polecacie rodzinie z dwójką małych dzieci?
Czekam na odpowiedź od zeszłego tygodnia.
Streść poniższy raport w trzech punktach.
Czy możesz wyjaśnić, jak działa pompa ciepła zimą?
Mój pociąg odjeżdża o dziewiątej, więc powinniśmy się spotkać przed ósmą.
Który z tych dwóch telefonów ma lepszy aparat?
Padało przez cały dzień i nikt nie chciał wychodzić.`,
  sv: `
Hur kan jag ändra adressen på min beställning?
Skriv en kort dikt om hösten till min mormor.
Paketet kom i tisdags, men en av kopparna var trasig.
Vad rekommenderar ni för en familj med två små barn?
Jag har väntat på ett svar sedan förra veckan.
Sammanfatta följande rapport i tre punkter.
Kan du förklara hur en värmepump fungerar på vintern?
Mitt tåg går klockan nio, så vi borde träffas före åtta.
Vilken av de här två telefonerna har den bästa kameran?
Det regnade hela dagen och ingen ville gå ut.`,
  da: `
Hvordan kan jeg ændre adressen på min bestilling?
Skriv et kort digt om efteråret til min mormor.
Pakken kom i tirsdags, men en af kopperne var gået i stykker.
Hvad anbefaler I en familie med to små børn?
Jeg har ventet på et svar siden sidste uge.
Sammenfat den følgende rapport i tre punkter.
Kan du forklare, hvordan en varmepumpe virker om vinteren?
Mit tog kører klokken ni, så vi bør mødes før otte.
Hvilken af de to telefoner har det bedste kamera?
Det regnede hele dagen, og ingen ville gå ud.`,
  no: `
Hvordan kan jeg endre adressen på bestillingen min?
Skriv et kort dikt om høsten til bestemoren min.
Pakken kom på tirsdag, men en av koppene var knust.
Hva anbefaler dere til en familie med to små barn?
Jeg har ventet på svar siden forrige uke.
Oppsummer den følgende rapporten i tre punkter.
Kan du forklare hvordan en varmepumpe virker om vinteren?
Toget mitt går klokka ni, så vi bør møtes før åtte.
Hvilken av disse to telefonene har det beste kameraet?
Det regnet hele dagen, og ingen ville gå ut.`,
  tr: `
Siparişimin adresini nasıl değiştirebilirim?
Büyükannem için sonbahar hakkında kısa bir şiir yaz.
Paket salı günü geldi ama bardaklardan biri kırıktı.
İki küçük çocuğu olan bir aileye ne önerirsiniz?
Geçen haftadan beri bir cevap bekliyorum.
Aşağıdaki raporu üç maddede özetle.
Isı pompasının kışın nasıl çalıştığını açıklar mısın?
Trenim dokuzda kalkıyor, bu yüzden sekizden önce buluşmalıyız.
Bu iki telefondan hangisinin kamerası daha iyi?
Bütün gün yağmur yağdı ve kimse dışarı çıkmak istemedi.`,
  cs: `
Jak mohu změnit adresu své objednávky?
Napiš krátkou báseň o podzimu pro mou babičku.
Balík přišel v úterý, ale jeden z hrnků byl rozbitý.
Co doporučujete rodině se dvěma malými dětmi?
Čekám na odpověď od minulého týdne.
Shrň následující zprávu do tří bodů.
Můžeš vysvětlit, jak funguje tepelné čerpadlo v zimě?
Můj vlak odjíždí v devět, takže bychom se měli sejít před osmou.
Který z těchto dvou telefonů má lepší fotoaparát?
Celý den pršelo a nikdo nechtěl jít ven.`,
  fi: `
Miten voin muuttaa tilaukseni osoitteen?
Kirjoita lyhyt runo syksystä isoäidilleni.
Paketti saapui tiistaina, mutta yksi kupeista oli rikki.
Mitä suosittelette perheelle, jossa on kaksi pientä lasta?
Olen odottanut vastausta viime viikosta lähtien.
Tiivistä seuraava raportti kolmeen kohtaan.
Voitko selittää, miten lämpöpumppu toimii talvella?
Junani lähtee yhdeksältä, joten meidän pitäisi tavata ennen kahdeksaa.
Kummassa näistä puhelimista on parempi kamera?
Koko päivän satoi, eikä kukaan halunnut mennä ulos.`,
  ru: `
Как мне изменить адрес моего заказа?
Напиши короткое стихотворение об осени для моей бабушки.
Посылка пришла во вторник, но одна из чашек была разбита.
Что вы посоветуете семье с двумя маленькими детьми?
Я жду ответа с прошлой недели.
Перескажи этот отчёт в трёх пунктах.
Ты можешь объяснить, как зимой работает тепловой насос?
Мой поезд уходит в девять, так что надо встретиться до восьми.
У какого из этих двух телефонов камера лучше?
Весь день шёл дождь, и никто не хотел выходить.`,
  uk: `
Як мені змінити адресу мого замовлення?
Напиши короткий вірш про осінь для моєї бабусі.
Посилка прийшла у вівторок, але одна з чашок була розбита.
Що ви порадите родині з двома маленькими дітьми?
Я чекаю на відповідь з минулого тижня.
Перекажи цей звіт у трьох пунктах.
Ти можеш пояснити, як узимку працює тепловий насос?
Мій потяг вирушає о дев'ятій, тож треба зустрітися до восьмої.
У якого з цих двох телефонів камера краща?
Весь день ішов дощ, і ніхто не хотів виходити.`,
  bg: `
Как мога да променя адреса на поръчката си?
Напиши кратко стихотворение за есента за баба ми.
Пратката дойде във вторник, но една от чашите беше счупена.
Какво ще препоръчате на семейство с две малки деца?
Чакам отговор от миналата седмица.
Обобщи следния доклад в три точки.
Можеш ли да обясниш как работи термопомпата през зимата?
Влакът ми тръгва в девет, така че трябва да се срещнем преди осем.
Кой от тези два телефона има по-добра камера?
Валя цял ден и никой не искаше да излезе.`,
  ar: `
كيف يمكنني تغيير عنوان طلبي؟
اكتب قصيدة قصيرة عن الخريف من أجل جدتي.
وصل الطرد يوم الثلاثاء ولكن أحد الأكواب كان مكسورا.
ماذا تنصح عائلة لديها طفلان صغيران؟
أنا أنتظر الرد منذ الأسبوع الماضي.
لخص التقرير التالي في ثلاث نقاط.
هل يمكنك أن تشرح كيف تعمل المضخة الحرارية في الشتاء؟
يغادر قطاري في التاسعة لذلك يجب أن نلتقي قبل الثامنة.
أي من هذين الهاتفين لديه كاميرا أفضل؟
كان المطر ينزل طوال اليوم ولم يرد أحد أن يخرج.`,
  fa: `
چگونه می توانم آدرس سفارش خود را تغییر دهم؟
یک شعر کوتاه درباره پاییز برای مادربزرگم بنویس.
بسته روز سه شنبه رسید اما یکی از فنجان ها شکسته بود.
برای خانواده ای با دو کودک خردسال چه پیشنهاد می کنید؟
از هفته گذشته منتظر پاسخ هستم.
گزارش زیر را در سه نکته خلاصه کن.
می توانی توضیح دهی که پمپ حرارتی در زمستان چگونه کار می کند؟
قطار من ساعت نه حرکت می کند پس باید قبل از هشت همدیگر را ببینیم.
کدام یک از این دو گوشی دوربین بهتری دارد؟
تمام روز باران می بارید و هیچ کس نمی خواست بیرون برود.`,
  zh: `
我怎样才能更改订单的地址？
请为我的奶奶写一首关于秋天的短诗。
包裹星期二到了，但是有一个杯子碎了。
你会给有两个小孩的家庭推荐什么？
我从上周开始一直在等回复。
请把下面的报告总结成三点。
你能解释一下热泵在冬天是怎么工作的吗？
我的火车九点开，所以我们应该在八点以前见面。
这两部手机哪一部的相机更好？
下了一整天的雨，没有人想出门。`,
  ja: `
注文の住所を変更するにはどうすればいいですか。
祖母のために秋についての短い詩を書いてください。
荷物は火曜日に届きましたが、カップが一つ割れていました。
小さな子どもが二人いる家族に何を勧めますか。
先週からずっと返事を待っています。
次の報告書を三つの点にまとめてください。
ヒートポンプが冬にどう働くか説明してくれますか。
電車は九時に出るので、八時前に会いましょう。
この二つの電話のうち、どちらのカメラがいいですか。
一日中雨が降って、だれも外に出たがりませんでした。`,
  ko: `
주문한 주소를 어떻게 바꿀 수 있나요?
할머니를 위해 가을에 대한 짧은 시를 써 주세요.
소포는 화요일에 도착했지만 컵 하나가 깨졌어요.
어린 아이가 둘 있는 가족에게 무엇을 추천하시나요?
지난주부터 답장을 기다리고 있습니다.
다음 보고서를 세 가지로 요약해 주세요.
겨울에 열펌프가 어떻게 작동하는지 설명해 줄 수 있어요?
기차가 아홉 시에 떠나니까 여덟 시 전에 만나야 해요.
이 두 전화기 중에서 어느 카메라가 더 좋아요?
하루 종일 비가 와서 아무도 나가고 싶어 하지 않았다.`,
  el: `
Πώς μπορώ να αλλάξω τη διεύθυνση της παραγγελίας μου;
Γράψε ένα σύντομο ποίημα για το φθινόπωρο.
Το πακέτο έφτασε την Τρίτη, αλλά ένα φλιτζάνι ήταν σπασμένο.
Τι προτείνετε σε μια οικογένεια με δύο μικρά παιδιά;
Περιμένω απάντηση από την περασμένη εβδομάδα.`,
  he: `
איך אפשר לשנות את הכתובת של ההזמנה שלי?
כתוב שיר קצר על הסתיו בשביל סבתא שלי.
החבילה הגיעה ביום שלישי אבל אחת הכוסות הייתה שבורה.
מה תמליצו למשפחה עם שני ילדים קטנים?
אני מחכה לתשובה מהשבוע שעבר.`,
  th: `
ฉันจะเปลี่ยนที่อยู่ของคำสั่งซื้อได้อย่างไร
ช่วยเขียนบทกวีสั้นๆ เกี่ยวกับฤดูใบไม้ร่วง
พัสดุมาถึงวันอังคารแต่ถ้วยแตกไปหนึ่งใบ
คุณแนะนำอะไรให้ครอบครัวที่มีลูกเล็กสองคน
ฉันรอคำตอบตั้งแต่สัปดาห์ที่แล้ว`,
  hi: `
मैं अपने ऑर्डर का पता कैसे बदल सकता हूँ?
मेरी दादी के लिए शरद ऋतु पर एक छोटी कविता लिखो।
पार्सल मंगलवार को आया लेकिन एक कप टूटा हुआ था।
दो छोटे बच्चों वाले परिवार के लिए आप क्या सुझाव देंगे?
मैं पिछले सप्ताह से उत्तर की प्रतीक्षा कर रहा हूँ।`,
};

export const samples: readonly { readonly language: string; readonly text: string }[] = Object.entries(
  texts,
).flatMap(([language, lines]) =>
  lines
    .trim()
    .split("\n")
    .map((text) => ({ language, text })),
);
