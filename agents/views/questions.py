"""A question of an agent to the team: shown inside the chat, where it is answered, and on a page of its own."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from agents.forms.questions import AnswerForm
from agents.models import Question
from agents.services import questions
from config.lib.errors import AppError
from config.lib.fragments import go_to, is_fragment
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request


@audit_access("question.viewed", resource="pk", kind="question")
@page("inbox.read")
@never_cache
@require_safe
def question(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _shown(request, questions.question_for(request.member, pk))


@audit_access("question.viewed", resource="pk", kind="question")
@page("inbox.write")
@require_POST
def answer(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The card again, with what became of it; a refused answer stays in the form, unless somebody was quicker."""
    found = questions.question_for(request.member, pk)
    form = AnswerForm(request.POST, auto_id=_ids(found))
    if form.is_valid():
        try:
            text = form.cleaned_data["answer"]
            found = questions.answer(tenant=request.tenant, question=found, text=text, by=request.actor)
        except AppError as error:
            form.add_error("answer", str(error.message))
            found.refresh_from_db()
        else:
            return _shown(request, found) if is_fragment(request) else go_to(request, questions.chat_of(found))
    return _shown(request, found, form)


def _shown(request: Request, found: Question, form: AnswerForm | None = None) -> HttpResponse:
    context = {
        "question": found,
        "chat": questions.chat_of(found),
        "answers": found.answered_at is None and request.member.may("inbox.write"),
        "form": form or AnswerForm(auto_id=_ids(found)),
    }
    template = "agents/_question.html" if is_fragment(request) else "agents/question.html"
    return render(request, template, context, status=422 if form is not None else 200)


def _ids(found: Question) -> str:
    """Of the form's fields: several questions may stand in one chat."""
    return f"question-{found.pk}-%s"
