/**
 * What is said, by part: no sentence stands in two parts. `|` ends a sentence; a pause of the speaker's follows. Where a
 * voice was recorded, its sentences are the files of the recordings.
 */
import type { Part } from './voices.ts';

export type GreetingKind =
  | 'short'
  | 'named'
  | 'business-short'
  | 'business-long'
  | 'voicemail'
  | 'carrier-voicemail'
  | 'business-voicemail'
  | 'announcement'
  | 'screening'
  | 'attendant';

export interface Greeting {
  readonly id: string;
  readonly part: Part;
  readonly language: string;
  readonly kind: GreetingKind;
  readonly sentences: readonly string[];
}

const texts = `
# train en short
Hi.
Hi?
Hallo?
Yes?
Yeah?
Yes.
Hi there.
Yes, hello?
Hey there.
Good morning.
Mm, hallo?
What's up?
Hallo hallo?
Yes, who's that?
Ahoy.
# train en named
This is Peter.
Helen speaking.
Hi, Marc here.
Yes, Robinson.
Hi, it's Julia.
The Miller residence.
Oliver's phone, hi.
Good morning, this is Tom.
# train en business-short
Baker's pharmacy.
Front desk.
Sales, this is Ray.
Accounts department, hi.
Tony's garage.
Harbor dental.
# train en business-long
Good morning, Baker's pharmacy, this is Dora, what can I do for you?
Thanks for calling Tony's garage, how may I help you today?
Harbor dental, good morning, you're speaking with Paul.
Northern insurance, claims desk, Rebecca speaking, how can I help?
Hi, this is the city library, Mark speaking, what are you looking for?
# train en voicemail
Hi, you've reached Peter.|I can't take your call right now.|Leave me a message and I'll get back to you.
Hello.|You've got through to Helen and Frank.|We're out at the moment.|Please speak after the beep.
This is Marc.|I'm either on the other line or away from my desk.|Leave your name and number, thanks.
Hey, it's Julia.|You know what to do.
Hi!|Sorry I missed you.|Please leave your name, your number and a brief message, and I will return your call as soon as possible.
You have reached five five five, zero one nine two.|Nobody is here to answer the phone.|Please leave a message after the tone.
Hi, this is Oliver Grant's voice mail.|I'm on vacation until the twelfth.|For anything urgent please call my office.
Robinson family.|Leave a message.
Hello, this is Tom.|I'm not able to answer the phone just now, but your call is important to me.|Please leave a message after the beep.|Have a nice day.
Hi there.|This is the voice mailbox of Maria.|If you text me I will answer much faster.|Otherwise, wait for the tone.
# train en carrier-voicemail
The customer you are calling is not available.|Please try again later, or leave a message after the tone.
Your call has been forwarded to an automated answering service.|Two zero six, five five five, zero one four four, is not available.|At the tone, please record your message.
Welcome to the message service.|Please leave your message after the signal.|When you have finished, you may hang up.
# train en business-voicemail
Thank you for calling Baker's pharmacy.|Our shop is closed right now.|Opening hours are Monday to Friday, nine to six.|Please leave a message after the tone.
You have reached Tony's garage.|All our mechanics are busy.|Leave your number and your license plate, and we will call you back.
Harbor dental is closed until Monday.|If this is an emergency, please hang up and call the duty dentist.
# train en announcement
The number you have called has been changed.|No further information is available.
Your call cannot be completed as dialed.|Please check the number and dial again.
All circuits are busy now.|Please try your call again later.
The subscriber is currently outside the coverage area.
# train en screening
The person you're calling uses call assistant.|Please say your name and the reason for your call.
Before I connect you, please tell me who is calling.
# train en attendant
Thank you for calling Northern insurance.|For claims, press one.|For policies, press two.|To hear these options again, press nine.
Welcome to the city library.|This call may be recorded.|Please listen carefully, as our menu has changed.
# train es short
¿Diga?
¿Sí?
Hola.
¿Bueno?
Sí, dígame.
# train es named
Hola, soy Carmen.
Sí, aquí Pablo.
# train es voicemail
Hola, has llamado a Carmen.|Ahora no puedo atenderte.|Deja tu mensaje después de la señal.
Este es el contestador de la familia Ruiz.|No estamos en casa.|Por favor, deje su nombre y su número.
# train es carrier-voicemail
El teléfono al que llama está apagado o fuera de cobertura en este momento.|Deje su mensaje después de oír la señal.
# train de short
Ja?
Hallo?
Ja bitte?
Guten Tag.
# train de named
Schneider.
Müller, guten Tag.
Hier ist Anna.
# train de business-short
Praxis Doktor Weber.
# train de voicemail
Hallo, hier ist der Anrufbeantworter von Familie Schneider.|Wir sind gerade nicht da.|Bitte sprechen Sie nach dem Ton.
Guten Tag.|Sie haben die Nummer von Anna Müller gewählt.|Bitte hinterlassen Sie eine Nachricht.
# train de announcement
Die gewählte Rufnummer ist nicht vergeben.|Bitte rufen Sie die Auskunft an.
# train fr short
Allô?
Oui?
Oui, allô?
# train fr named
Oui, c'est Claire.
# train fr voicemail
Bonjour, vous êtes bien sur le répondeur de Claire.|Je ne suis pas disponible pour le moment.|Laissez-moi un message après le bip.
Bonjour.|Nous ne pouvons pas vous répondre.|Merci de rappeler plus tard.
# train it short
Pronto?
Pronto.
Si?
Chi parla?
# train it named
Sono Marco.
# train it voicemail
Ciao, sono Lucia.|In questo momento non posso rispondere.|Lasciate un messaggio dopo il segnale acustico.
# train it carrier-voicemail
Il cliente da lei chiamato non e al momento raggiungibile.|La preghiamo di richiamare piu tardi.
# train cs short
Prosim?
Ano?
Halo?
# train cs named
Novak.
Tady Petr.
# train cs voicemail
Dobry den, tady je zaznamnik rodiny Novakovy.|Nejsme doma.|Nechte nam zpravu po zazneni tonu.
# train cs carrier-voicemail
Volany ucastnik neni dostupny.|Zavolejte prosim pozdeji.
# train fi short
Haloo?
No moi.
Joo?
# train fi named
Virtanen.
Anna puhelimessa.
# train fi voicemail
Hei, olet soittanut Matti Virtaselle.|En voi nyt vastata puhelimeen.|Jata viesti aanimerkin jalkeen.
# train fi announcement
Valitsemaanne numeroon ei juuri nyt saada yhteytta.|Yrittakaa myohemmin uudelleen.
# train words-de short
ball.ogg
egypt_boy.ogg
egypt_woman.ogg
hat.ogg
egypt_road.ogg
bow.ogg
moustache.ogg
egypt_well.ogg
tv_train.ogg
eye.ogg
spectacles.ogg
egypt_man.ogg
# train words-en short
bow.ogg
egypt_woman.ogg
egypt_well.ogg
egypt_boy.ogg
tv_tree.ogg
pizzeria_pepper.ogg
flower.ogg
egypt_man.ogg
egypt_road.ogg
mouth.ogg
pizzeria_cheese.ogg
egypt_bridge.ogg
# train words-fr short
nez.wav
cheveux.wav
robin_quoi.wav
patate_oeil.wav
patate_cravate.wav
robot_bras.wav
tv_train.wav
lune_ovni.wav
papillons_corps.wav
tv_lion.wav
robin_wouah.wav
robot_pieds.wav
# train prompts-en voicemail
vm-theperson.wav|vm-isunavail.wav|vm-intro.wav
im-sorry.wav|vm-nobodyavail.wav
vm-theperson.wav|vm-isonphone.wav|vm-intro.wav
# train prompts-en carrier-voicemail
vm-theperson.wav|digits/4.wav|digits/0.wav|digits/7.wav|vm-isunavail.wav|vm-intro.wav
# train prompts-en announcement
cannot-complete-as-dialed.wav|check-number-dial-again.wav
im-sorry.wav|pbx-invalid.wav
# train prompts-en screening
hello.wav|privacy-prompt.wav
# train prompts-en attendant
demo-congrats.wav
dir-intro.wav
# train prompts-es voicemail
vm-theperson.wav|vm-isunavail.wav|vm-intro.wav
vm-nobodyavail.wav|vm-tmpexists.wav
# train prompts-es announcement
ss-noservice.wav
pbx-invalid.wav
# train prompts-es attendant
dir-welcome.wav|dir-intro.wav
# dev en short
Howdy.
Yep?
Hiya.
Good evening?
Speaking.
Uh huh?
Hey, hi.
Who's calling?
Hi, yes?
Aye?
# dev en named
Hallo, Anna here.
Yes, Kevin speaking.
Hi, you've got Sam.
Evening, this is Rose.
# dev en business-short
Reception.
Lakeside hotel.
Kitchen, hi.
# dev en business-long
Lakeside hotel, reception, good evening, this is Ines.
Good afternoon, thank you for calling Miller and sons, who would you like to talk to?
# dev en voicemail
Hey, you've reached Anna.|I'm probably in a meeting.|Leave a message, I'll call you back.
Hi.|Kevin here.|Can't talk now.|Please try me again tonight.
You've reached the Patel household.|We can't pick up.|Please leave your details after the long beep.
This is Rose Adams.|I check my messages twice a day.|Speak clearly and leave your number twice.
Hello there.|We are not at home, or we are hiding.|Leave us a message.
# dev en carrier-voicemail
You have reached the voice mailbox of.|Kevin.|To leave a message, wait for the tone.
The wireless customer does not answer.|Please leave your message after the beep.
# dev en business-voicemail
Lakeside hotel, our reception opens at seven.|For reservations please leave your name and dates after the tone.
# dev en announcement
The number you are trying to reach is not assigned.|This is a recording.
Due to network difficulties your call could not be connected.
# dev en screening
Hi, I'm answering for the owner of this phone.|Go ahead and say why you're calling.
# dev en attendant
Welcome to Miller and sons.|If you know your party's extension, dial it now.|For the operator, stay on the line.
# dev pt short
Alô?
Sim?
Está lá?
# dev pt named
Fala o João.
# dev pt voicemail
Olá, ligou para a Teresa.|Neste momento não posso atender.|Deixe a sua mensagem depois do sinal.
# dev it short
Ciao?
Si, pronto?
# dev it voicemail
Risponde la segreteria telefonica di casa Bianchi.|Non siamo in casa.|Parlate dopo il bip.
# dev cs short
Jo?
No prosim?
# dev cs voicemail
Ahoj, dovolali jste se Janovi.|Ted nemuzu mluvit.|Zavolam zpatky.
# dev fi short
Haloo haloo?
No?
# dev fi voicemail
Tama on Liisan puhelinvastaaja.|En ole kotona.|Soitan takaisin kun ehdin.
# dev words-gl short
flower.ogg
mouth.ogg
egypt_cart.ogg
shoe.ogg
egypt_well.ogg
skirt.ogg
egypt_boy.ogg
hair.ogg
egypt_man.ogg
egypt_donkey.ogg
moon_radar.ogg
tie.ogg
# dev words-sl short
egypt_grass.ogg
eye.ogg
nose.ogg
tv_bicycle.ogg
tv_car.ogg
egypt_boy.ogg
egypt_donkey.ogg
tv_train.ogg
coat.ogg
egypt_bridge.ogg
egypt_girl.ogg
shoe.ogg
# dev words-uk short
tux-idea.ogg
eye.ogg
butterflies_circle.ogg
tux-bow.ogg
mouth.ogg
tux-goblet.ogg
tux-notes.ogg
tux-note.ogg
tux-key.ogg
pizzeria_cheese.ogg
tv_tunnel.ogg
tv_monkey.ogg
# dev prompts-it voicemail
vm-theperson.wav|vm-isunavail.wav|vm-intro.wav
im-sorry.wav|vm-nobodyavail.wav
hello.wav|vm-isonphone.wav|vm-intro.wav
# dev prompts-it carrier-voicemail
vm-theperson.wav|digits/3.wav|digits/5.wav|digits/1.wav|vm-isunavail.wav|vm-intro.wav
# dev prompts-it announcement
all-circuits-busy-now.wav|please-try-call-later.wav
number-not-answering.wav|pbx-invalid.wav
# dev prompts-it screening
privacy-prompt.wav
# dev prompts-it attendant
dir-welcome.wav|dir-intro.wav
# test en short
Hello?
Hello.
Hello, hello?
Hey.
Hey?
Yes, hi.
Um, hello?
Hello there.
Who is it?
Good afternoon.
Hello, who's this?
Yeah, hello.
Right, hello?
Ha, hello?
Well, hi.
Yo.
# test en named
Hello, this is Jim.
Hello, Sarah speaking.
Jim Collins.
Hi, Sarah.
Collins residence, hello?
This is she.
Yeah, it's Brian.
Hello, the Wilsons.
Doctor Hughes.
# test en business-short
Riverside flowers.
Sunrise bakery, hello.
Service desk, Linda.
Wilson plumbing.
Parts department.
Room service.
Green cab company.
# test en business-long
Riverside flowers, good afternoon, this is Karen, how may I direct your call?
Hello, Sunrise bakery on Main street, can I take your order?
Thank you for calling Wilson plumbing, my name is Greg.
Green cab company, where can we pick you up?
Westfield medical group, this is Nancy at the front office, how can I help you?
Service desk, you are talking to Linda, may I have your ticket number?
# test en voicemail
Hello, you have reached Jim Collins.|I'm sorry that I can't come to the phone.|Please leave me a message, and I'll phone you when I can.
Hi, it's Sarah, I'm not here, leave a message.
Hello!|Thanks for your call.|Brian and Nicole are busy right now.|Tell us who you are after the beep.
You've reached the Wilsons.|Nobody can take your call.|At the sound of the tone, leave your name and telephone number.
Hey, this is Greg.|I must have stepped out.|Drop me a line, and I will be in touch.
Hi, you've called Linda Park in the purchasing department.|I am away from my desk or on another call.|Please leave a detailed message.
This is the mailbox of Doctor Hughes.|I am with a patient.|Please state your name, your date of birth, and how to contact you.
Nancy speaking, well, not really.|This is a machine.|You know the drill.
Hello, hello.|Can you hear me?|Just kidding, I'm not here.|Leave a message at the tone.
We're unable to get to the phone.|Your message will be played back when we return.
Hi, thank you for calling, but I do not listen to my voice mail.|Send me a text instead.
Good day.|Karen Lopez here.|Today is Tuesday, and I am out of the office until Thursday.|Please leave a message or contact my assistant.
Hello, I can't answer my phone at the moment, because I am driving.|I'll call you back later.
Leave a message.
# test en carrier-voicemail
The Google subscriber you have dialed is not available.|Please leave a message after the tone.
You have been forwarded to voice mail.|The person you are trying to reach is not available.|At the tone, record your message.|When you are done, hang up, or press pound for more options.
We are sorry, there is no one available to take your call.|Please leave a message.
The mailbox belonging to.|Greg Wilson.|Is full, and cannot accept any messages at this time.|Good bye.
# test en business-voicemail
Hello and welcome to Riverside flowers.|We are closed at the moment.|Our store is open daily from ten until seven.|Leave your order after the beep.
Westfield medical group is open from eight to five.|If this is a medical emergency, hang up and dial your local emergency number.|To leave a message for our staff, speak after the tone.
Hi, you have reached Green cab company.|All dispatchers are on other calls.|Hold on, or leave your address after the beep.
# test en announcement
We're sorry.|You have reached a number that has been disconnected or is no longer in service.
The telephone number you dialed does not receive incoming calls.|Message nine, switch three.
The party you are calling is not accepting calls at this time.
The person at this phone is unavailable right now.|Please call again.
# test en screening
Hello.|The person you are trying to call is using a screening service, and will get a copy of this conversation.|Go ahead, say your name and why you're calling.
Please stay on the line.|State your name after the tone, and I'll see if this person is available.
# test en attendant
Thanks for calling Westfield medical group.|If you are a doctor or a pharmacist, press one.|For appointments, press two.|For billing, press three.
You have reached Sunrise bakery.|Your call may be monitored for quality.|To place an order, say order.
# test ca short
Digui?
Si?
Hola?
Mani mani?
# test ca named
Hola, soc la Marta.
En Jordi al telefon.
# test ca business-short
Fleca Puig, digui.
# test ca voicemail
Hola, has trucat a la Marta.|Ara mateix no puc contestar.|Deixa el teu missatge.
Aquest es el contestador de la familia Puig.|No som a casa.|Si us plau, truqui mes tard.
# test ca carrier-voicemail
El numero que ha marcat no esta disponible.|Deixi el seu missatge despres del senyal.
# test words-ca short
butterflies_heart.ogg
robot_workshop_foot.ogg
tv_man.ogg
say-huh.ogg
plate.ogg
egypt_boy.ogg
butterflies_eye.ogg
pizzeria_pineapple.ogg
robot_workshop_eye.ogg
tv_fire.ogg
tv_train.ogg
patata_vestit.ogg
# test words-el short
moon_earth.ogg
egypt_birds.ogg
coat.ogg
ear.ogg
eye.ogg
ball.ogg
pizzeria_bacon.ogg
pizzeria_oregano.ogg
nose.ogg
eyebrow.ogg
egypt_oasis.ogg
pizzeria_anchovy.ogg
# test words-ru short
skirt.ogg
pizzeria_olive.ogg
stick.ogg
tv_train.ogg
xmas_moon.ogg
tie.ogg
ball.ogg
shorts.ogg
moustache.ogg
spectacles.ogg
egypt_donkey.ogg
umbrella.ogg
# test words-wa short
nez.ogg
cane.ogg
egypt_pont.ogg
moon_panea.ogg
moon_planete.ogg
pizzeria_agnon.ogg
egypt_badet.ogg
tchasseure.ogg
bale.ogg
egypt_tchar.ogg
egypt_valet.ogg
pizzeria_tomate.ogg
# test prompts-fr voicemail
vm-theperson.wav|vm-isunavail.wav|vm-intro.wav
sorry.wav|vm-nobodyavail.wav
hello.wav|vm-isonphone.wav|vm-intro.wav
# test prompts-fr carrier-voicemail
vm-theperson.wav|digits/9.wav|digits/2.wav|digits/6.wav|vm-isunavail.wav|vm-intro.wav
vm-mailboxfull.wav
# test prompts-fr announcement
cannot-complete-as-dialed.wav|check-number-dial-again.wav
simul-call-limit-reached.wav
# test prompts-fr screening
privacy-prompt.wav
# test prompts-fr attendant
queue-thankyou.wav|dir-intro.wav
# test prompts-ru voicemail
vm-theperson.wav|vm-isunavail.wav|vm-intro.wav
vm-nobodyavail.wav|vm-tmpexists.wav
# test prompts-ru carrier-voicemail
vm-theperson.wav|vm-isonphone.wav|vm-intro.wav
# test prompts-ru announcement
ss-noservice.wav
number-not-answering.wav|pbx-invalid.wav
# test prompts-ru screening
hello.wav|privacy-prompt.wav
# test prompts-ru attendant
basic-pbx-ivr-main.wav
`;

export const greetings: readonly Greeting[] = parse(texts);

function parse(table: string): Greeting[] {
  const found: Greeting[] = [];
  let heading: Pick<Greeting, 'part' | 'language' | 'kind'> | undefined;
  for (const line of table.split('\n')) {
    if (line.startsWith('# ')) {
      const [part, language = '', kind] = line.slice(2).split(' ');
      heading = { part: part as Part, language, kind: kind as GreetingKind };
    } else if (line !== '' && heading) {
      const id = `${heading.part}-${heading.language}-${heading.kind}-${found.length}`;
      found.push({ ...heading, id, sentences: line.split('|') });
    }
  }
  return found;
}
