"""Pipelines, their stages and steps, reasons for losing, and steps that wait for approval."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import stage_for
from crm.api.pipeline_serializers import (
    DecisionBody,
    LostReasonBody,
    LostReasonOut,
    NewStageBody,
    PipelineBody,
    PipelineOut,
    RemoveStageFilter,
    RequestFilter,
    StageBody,
    StageOut,
    StageRequestOut,
    TransitionOut,
    TransitionsBody,
)
from crm.models import Pipeline, Stage, StageKind, StageTransition
from crm.services import approvals, pipelines, stages
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


class Stages(CompanyView):
    reads, writes = "leads.read", "pipeline.write"

    @extend_schema(operation_id="stages_list", responses=StageOut(many=True))
    def get(self, request: Request) -> Response:
        """The stages of every pipeline in their order; those of the main one first."""
        rows = Stage.objects.filter(is_active=True)
        return self.whole(
            rows.order_by("-pipeline__is_default", "pipeline__position", "pipeline", "position"), StageOut
        )

    @extend_schema(operation_id="stages_create", request=NewStageBody, responses={201: StageOut})
    def post(self, request: Request) -> Response:
        """Add a stage. Which steps lead to it is said at `pipelines/{id}/steps`."""
        said = self.body(NewStageBody)
        named = said.pop("pipeline", None)
        pipeline = pipelines.pipeline_for(named) if named else pipelines.main()
        return Response(StageOut(stages.create_stage(pipeline=pipeline, by=self.actor, **said)).data, status=201)


class OneStage(CompanyView):
    reads, writes = "leads.read", "pipeline.write"

    @extend_schema(operation_id="stages_retrieve", responses=StageOut)
    def get(self, request: Request, pk: str) -> Response:
        """One stage."""
        return Response(StageOut(stages.stage_by_id(pk)).data)

    @extend_schema(operation_id="stages_update", request=StageBody, responses=StageOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named fields. The kind changes only while the stage holds no lead."""
        stage = stages.stage_by_id(pk)
        changes = self.body(StageBody, partial=True)
        return Response(StageOut(stages.update_stage(stage=stage, by=self.actor, **changes)).data)

    @extend_schema(operation_id="stages_remove", parameters=[RemoveStageFilter], responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Take a stage away. 409 while it holds leads and `move_to` names nowhere to carry them."""
        stage = stages.stage_by_id(pk)
        to = self.asked(RemoveStageFilter).get("move_to")
        stages.remove_stage(stage=stage, move_to=stage_for(to) if to else None, by=self.actor)
        return Response(status=204)


class Pipelines(CompanyView):
    reads, writes = "leads.read", "pipeline.write"

    @extend_schema(operation_id="pipelines_list", responses=PipelineOut(many=True))
    def get(self, request: Request) -> Response:
        """Every pipeline in its order."""
        return self.whole(Pipeline.objects.order_by("position", "id"), PipelineOut)

    @extend_schema(operation_id="pipelines_create", request=PipelineBody, responses={201: PipelineOut})
    def post(self, request: Request) -> Response:
        """A new pipeline with a first, a won and a lost stage."""
        said = self.body(PipelineBody)
        pipeline = pipelines.create_pipeline(
            name=said["name"], noun=said.get("noun", ""), nouns=said.get("nouns", ""), by=self.actor
        )
        if said.get("is_default"):
            pipelines.make_default(pipeline=pipeline, by=self.actor)
        return Response(PipelineOut(pipeline).data, status=201)


class OnePipeline(CompanyView):
    reads, writes = "leads.read", "pipeline.write"

    @extend_schema(operation_id="pipelines_retrieve", responses=PipelineOut)
    def get(self, request: Request, pk: str) -> Response:
        """One pipeline."""
        return Response(PipelineOut(pipelines.pipeline_for(pk)).data)

    @extend_schema(operation_id="pipelines_update", request=PipelineBody, responses=PipelineOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named fields; `is_default: true` makes it the main one."""
        pipeline = pipelines.pipeline_for(pk)
        changes = self.body(PipelineBody, partial=True)
        main = changes.pop("is_default", False)
        pipeline = pipelines.update_pipeline(pipeline=pipeline, by=self.actor, **changes)
        if main:
            pipelines.make_default(pipeline=pipeline, by=self.actor)
        return Response(PipelineOut(pipeline).data)

    @extend_schema(operation_id="pipelines_remove", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Only one that never held a lead."""
        pipelines.remove_pipeline(pipeline=pipelines.pipeline_for(pk), by=self.actor)
        return Response(status=204)


class Steps(CompanyView):
    reads, writes = "leads.read", "pipeline.write"

    @extend_schema(operation_id="pipelines_steps", responses=TransitionOut(many=True))
    def get(self, request: Request, pk: str) -> Response:
        """The permitted steps, with what each asks for."""
        return self._steps(pipelines.pipeline_for(pk))

    @extend_schema(operation_id="pipelines_set_steps", request=TransitionsBody, responses=TransitionOut(many=True))
    def put(self, request: Request, pk: str) -> Response:
        """Exactly these steps are permitted from now on."""
        pipeline = pipelines.pipeline_for(pk)
        wanted = [stages.Step(**each) for each in self.body(TransitionsBody)["steps"]]
        stages.set_steps(pipeline=pipeline, steps=wanted, by=self.actor)
        return self._steps(pipeline)

    def _steps(self, pipeline: Pipeline) -> Response:
        rows = StageTransition.objects.filter(source__pipeline=pipeline).exclude(target__kind=StageKind.WON)
        return self.whole(rows.order_by("source__position", "target__position", "id"), TransitionOut)


class LostReasons(CompanyView):
    reads, writes = "leads.read", "pipeline.write"

    @extend_schema(operation_id="lost_reasons_list", responses=LostReasonOut(many=True))
    def get(self, request: Request) -> Response:
        """What is offered when a lead is lost; any other words are accepted too."""
        return self.whole(pipelines.reasons(), LostReasonOut)

    @extend_schema(operation_id="lost_reasons_create", request=LostReasonBody, responses={201: LostReasonOut})
    def post(self, request: Request) -> Response:
        """Offer one more."""
        reason = pipelines.save_reason(by=self.actor, **self.body(LostReasonBody))
        return Response(LostReasonOut(reason).data, status=201)


class OneLostReason(CompanyView):
    reads, writes = "leads.read", "pipeline.write"

    @extend_schema(operation_id="lost_reasons_retrieve", responses=LostReasonOut)
    def get(self, request: Request, pk: str) -> Response:
        """One reason."""
        return Response(LostReasonOut(pipelines.reason_for(pk)).data)

    @extend_schema(operation_id="lost_reasons_update", request=LostReasonBody, responses=LostReasonOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named fields."""
        reason = pipelines.reason_for(pk)
        changes = self.body(LostReasonBody, partial=True)
        return Response(LostReasonOut(pipelines.save_reason(reason=reason, by=self.actor, **changes)).data)

    @extend_schema(operation_id="lost_reasons_remove", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Offer it no longer. Leads keep the words they have."""
        pipelines.remove_reason(reason=pipelines.reason_for(pk), by=self.actor)
        return Response(status=204)


@audit_access("leads.listed")
class StageRequests(CompanyView):
    reads = "leads.approve"
    page_by = "at"

    @extend_schema(operation_id="stage_requests_list", parameters=[RequestFilter], responses=StageRequestOut(many=True))
    def get(self, request: Request) -> Response:
        """Steps that this member may decide or could have decided, the latest first."""
        rows = approvals.of(self.member)
        status = self.asked(RequestFilter).get("status")
        return self.paged(rows.filter(status=status) if status else rows, StageRequestOut)


@audit_access("lead.viewed", resource="pk", kind="stagerequest")
class ApproveRequest(CompanyView):
    writes = "leads.approve"

    @extend_schema(operation_id="stage_requests_approve", request=DecisionBody, responses=StageRequestOut)
    def post(self, request: Request, pk: str) -> Response:
        """Let the step pass. `status` is stale when the lead moved meanwhile; 409 when it was decided already."""
        asked = approvals.request_for(self.member, pk)
        comment = self.body(DecisionBody)["comment"]
        done = approvals.approve(asked=asked, role=self.member.role, by=self.actor, comment=comment)
        return Response(StageRequestOut(done).data)


@audit_access("lead.viewed", resource="pk", kind="stagerequest")
class RefuseRequest(CompanyView):
    writes = "leads.approve"

    @extend_schema(operation_id="stage_requests_refuse", request=DecisionBody, responses=StageRequestOut)
    def post(self, request: Request, pk: str) -> Response:
        """Leave the lead where it is; `comment` says why."""
        asked = approvals.request_for(self.member, pk)
        comment = self.body(DecisionBody)["comment"]
        done = approvals.refuse(asked=asked, role=self.member.role, by=self.actor, comment=comment)
        return Response(StageRequestOut(done).data)
