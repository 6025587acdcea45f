"""What customers write in English, and what it means; the notation is in test_corpus.py."""

PHRASES = """
@ 2026-11-18 10:00 America/New_York
# Wednesday. Days.
today | 11-18 10:00-24:00
today at 4 | 11-18 16:00!
tomorrow | 11-19
Tomorrow morning | 11-19 08:00-12:00
tomorrow afternoon | 11-19 12:00-18:00
tomorrow evening | 11-19 18:00-22:00
tomorrow night | 11-19 19:00-22:00
tmrw at 3pm | 11-19 15:00!
tommorow at 10am | 11-19 10:00!
day after tomorrow at noon | 11-20 12:00!
the day after tomorrow | 11-20
tonight | 11-18 19:00-22:00
this afternoon | 11-18 12:00-18:00
this evening | 11-18 18:00-22:00
later today | 11-18 10:00-24:00
today or tomorrow | 11-18 10:00 .. 11-20 00:00
monday | 11-23
on Friday | 11-20
Fri at 2pm | 11-20 14:00!
sat morning works for me | 11-21 08:00-12:00
wensday | 11-25
wednesday | 11-25
thrusday afternoon | 11-19 12:00-18:00
tuesdy at 9 | 11-24 09:00!
next tuesday afternoon | 11-24 12:00-18:00
next monday | 11-23
next friday | ?two_readings 11-20 ; 11-27
next Thursday at 3 | ?two_readings 11-19 15:00! ; 11-26 15:00!
this friday | 11-20
this coming tuesday | 11-24
this wednesday | ?two_readings 11-18 10:00-24:00 ; 11-25
tuesday next week | 11-24
friday of next week | 11-27
next week on Friday | 11-27
next week, tuesday or thursday | 11-24 ; 11-26
a week from friday | 11-27
friday week | 11-27
a week from today | 11-25
in a week | 11-25
in 3 days | 11-21
in three days at 10am | 11-21 10:00!
in two weeks | 12-02
3 days from now | 11-21
in an hour | 11-18 11:00-12:00
in half an hour | 11-18 10:30-11:30
in 45 minutes | 11-18 10:45-11:45
in a month | 12-18
this week | 11-18 10:00 .. 11-23 00:00
next week | 11-23..11-29
early next week | 11-23..11-24
end of next week | 11-26..11-27
the weekend | 11-21..11-22
this weekend | 11-21..11-22
next weekend | ?two_readings 11-21..11-22 ; 11-28..11-29
next month | 12-01..12-31
in January | 2027-01-01..2027-01-31
end of the month | 11-24..11-30
early december | 12-01..12-10
mid December | 12-11..12-20
any day | 11-18 10:00 .. 12-02 00:00
any day except tuesday | 11-18 10:00 .. 11-24 00:00 ; 11-25..11-30
any day next week but monday | 11-24..11-29
as soon as possible | 11-18 10:00 .. 12-02 00:00
monday to friday | 11-18 10:00 .. 11-21 00:00 ; 11-23..11-27 ; 11-30..12-01
between tuesday and thursday | 11-24..11-26
before friday | 11-18 10:00 .. 11-20 00:00
by friday | 11-18 10:00 .. 11-21 00:00
after tuesday | 11-25..12-08
# Hours.
tomorrow after 5 | 11-19 17:00-24:00
tomorrow before noon | 11-19 00:00-12:00
tomorrow before 11am | 11-19 00:00-11:00
tomorrow between 4 and 6 | 11-19 16:00-18:00
tomorrow from 4 to 6 | 11-19 16:00-18:00
tomorrow 4-6pm | 11-19 16:00-18:00
tomorrow 11am-1pm | 11-19 11:00-13:00
tomorrow around 5 | 11-19 16:30-17:30
tomorrow about 3pm | 11-19 14:30-15:30
tomorrow 5ish | 11-19 16:30-17:30
tomorrow at half past three | 11-19 15:30!
tomorrow at quarter to 5 | 11-19 16:45!
tomorrow at a quarter past 2 | 11-19 14:15!
tomorrow ten past 4 | 11-19 16:10!
tomorrow at 3:30 | 11-19 15:30!
tomorrow at three thirty | 11-19 15:30!
tomorrow at 1030am | 11-19 10:30!
tomorrow 10.30am | 11-19 10:30!
tomorrow at 5 o'clock | 11-19 17:00!
tomorrow at 9 in the morning | 11-19 09:00!
tomorrow at 7 in the morning | 11-19 07:00!
tomorrow at 8 at night | 11-19 20:00!
tomorrow at 15:00 | 11-19 15:00!
tomorrow at midday | 11-19 12:00-14:00
tomorrow first thing | 11-19 08:00-10:00
tomorrow at the end of the day | 11-19 18:00-20:00
tomorrow after lunch | 11-19 14:00-17:00
tomorrow at 10 or 11 | 11-19 10:00! ; 11-19 11:00!
tomorrow afternoon after 4 | 11-19 16:00-18:00
at 4 tomorrow | 11-19 16:00!
3pm | ?no_day daily 15:00!
in the morning | ?no_day daily 08:00-12:00
# Dates.
Jan 2nd 10:30am | 2027-01-02 10:30!
January 2 | 2027-01-02
2 January | 2027-01-02
the 2nd of January at 4pm | 2027-01-02 16:00!
Dec 5 | 12-05
December 5, 2026 | 12-05
the 5th | 12-05
on the twenty-fifth | 11-25
the 25th at 10 | 11-25 10:00!
12/5 at 3pm please | 12-05 15:00!
12/25 would be fine | 12-25
the meeting on 25/11 | 11-25
2026-12-05 at 10:00 | 12-05 10:00!
Tuesday 24 November at 15:00 | 11-24 15:00!
Tuesday the 24th | 11-24
Tuesday the 26th | ?weekday_mismatch 11-24 ; 11-26
Tuesday, November 26 | ?weekday_mismatch 11-24 ; 11-26
tomorrow, Thursday 19th at 4pm | 11-19 16:00!
first monday of march | 2027-03-01
the last friday of the month | 11-27
february 30 | ?no_such_date
november 10 | ?past 2027-11-10
the 25th or the 26th | 11-25..11-26
# In the middle of what people write.
Hi, can I come on Friday at 2pm? Thanks! | 11-20 14:00!
Good morning, do you have anything tuesday afternoon? | 11-24 12:00-18:00
can't do Tuesday, how about Thursday? | 11-19
I can't on friday | ?only_excluded 11-18 10:00 .. 11-20 00:00 ; 11-21..11-26 ; 11-28..12-01
tuesday doesn't work, can we do thursday at 5 | 11-19 17:00!
tuesday at 3, actually 4pm | 11-24 16:00!
friday... sorry, I mean saturday at 11 | 11-21 11:00!
can we move it from tuesday to thursday? | 11-19
monday or wednesday after 6 | 11-23 18:00-24:00 ; 11-25 18:00-24:00
I came yesterday, could I come back on monday at 9? | 11-23 09:00!
not tuesday, wednesday | 11-25
there are 3 of us, saturday at 11 please | 11-21 11:00!
my number is +1 415 555 2671, call me tomorrow at 10 | 11-19 10:00!
Friday the 20th at 10am | 11-20 10:00!
tuesday 3 works | 11-24 15:00!
Tuesday 24 at 9:30 am | 11-24 09:30!
tomorrow 10 works | 11-19 10:00!
one pm tomorrow | 11-19 13:00!
2 or 3pm tomorrow | 11-19 14:00! ; 11-19 15:00!
9 to 5 tomorrow | 11-19 09:00-17:00
2:30-4:00 pm friday | 11-20 14:30-16:00
tomorrow at 2.30 | 11-19 14:30!
not before 5 tomorrow | 11-19 17:00-24:00
monday morning, first thing | 11-23 08:00-10:00
Mon-Fri | 11-18 10:00 .. 11-21 00:00 ; 11-23..11-27 ; 11-30..12-01
Saturdays | 11-21 ; 11-28
two weeks from monday | 12-07
after the 5th | 12-06..12-19
Nov 25 - 27 | 11-25..11-27
the week after next | 11-30..12-06
from monday on | 11-23..12-06
instead of Tuesday, Thursday | 11-19
Sunday no, Monday yes | 11-23
before 5pm on the 25th | 11-25 00:00-17:00
please book me in for Tue 24 Nov 10am | 11-24 10:00!
Dec. 5th at 3 p.m. | 12-05 15:00!
the 24th, 25th or 26th | 11-24..11-26
Nov 24, 25 or 26 at 3pm | 11-24 15:00! ; 11-25 15:00! ; 11-26 15:00!
sometime between the 24th and the 27th | 11-24..11-27
12/01/2026 at 2pm | 12-01 14:00!
2026/12/05 | 12-05
move my 3pm to 4pm tomorrow | 11-19 16:00!
neither monday nor tuesday | ?only_excluded 11-18 10:00 .. 11-23 00:00 ; 11-25..11-29
monday's fine | 11-23
noonish tomorrow | 11-19 11:30-12:30
tomorrow 9am-11am or 2pm-4pm | 11-19 09:00-11:00 ; 11-19 14:00-16:00
Friday 13th | ?weekday_mismatch 12-11 ; 12-13
can we push it to friday? | 11-20
# Nothing, or gone by.
I have 2 dogs and 3 cats | ?nothing
unit 12 on the 3rd floor | ?nothing
half an hour later | ?nothing
hello there | ?nothing
I have 3 kids | ?nothing
it costs $15,000 | ?nothing
we are 5 people | ?nothing
good afternoon | ?nothing
I sat in the office | ?nothing
may I ask you something? | ?nothing
the 2nd option please | ?nothing
what time do you open? | ?nothing
last tuesday | ?past
yesterday at 5 | ?past
3 days ago | ?past
# A Monday: "next Tuesday" is tomorrow for some.
@ 2026-11-23 09:00 Europe/London
monday | 11-30
tuesday | 11-24
next tuesday | ?two_readings 11-24 ; 12-01
next monday | 11-30
this tuesday | 11-24
today, monday, at 3 | 11-23 15:00!
# The clocks of New York go forward at 2 on 14 March 2027.
@ 2027-03-12 10:00 America/New_York
sunday at 2:30 am | ?no_such_time
sunday at 10 in the morning | 03-14 10:00!
"""
