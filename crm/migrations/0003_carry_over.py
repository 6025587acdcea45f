from django.db import migrations

# What a company already has goes into one pipeline; its leads begin with the times that are known of them.
PIPELINE = """
insert into crm_pipeline (id, name, noun, nouns, position, is_default, is_active)
  select gen_random_uuid(), 'Ventas', '', '', 0, true, true where exists (select from crm_stage);
update crm_stage set pipeline_id = (select id from crm_pipeline where is_default);
"""
CHANCES = """
update crm_stage set probability = known.chance, cold_after_days = known.days
  from (values ('nuevo', 10, 3), ('contactado', 20, 7), ('calificado', 40, 7), ('reunion', 60, 7),
               ('negociacion', 75, 10), ('ganado', 100, 0), ('perdido', 0, 0)) as known (code, chance, days)
  where crm_stage.code = known.code;
"""
TIMES = """
update crm_lead set last_activity_at = updated_at, last_source = source,
  stage_since = coalesce((select max(at) from crm_stagechange c where c.lead_id = crm_lead.id), created_at),
  assigned_at = case when owner_id is null then null else created_at end;
"""
REASONS = """
insert into crm_lostreason (id, name, position, is_active)
  select gen_random_uuid(), name, position, true from (values ('Precio', 0), ('No respondió', 1), ('Eligió a otro', 2),
    ('No era para él', 3), ('Más adelante', 4)) as usual (name, position) where exists (select from crm_stage);
"""
# Labels that were only written on leads become rows of the catalogue.
TAGS = """
insert into crm_tag (id, name, color, description, created_at)
  select gen_random_uuid(), name, '', '', now() from (select distinct unnest(tags) as name from crm_lead) used
  where name <> '';
"""
# A second number lay among the company's own fields, where nobody was found by it.
POINTS = """
insert into crm_contactpoint (id, contact_id, kind, value, label, created_at)
  select distinct on (custom->>'other_phone') gen_random_uuid(), id, 'phone', custom->>'other_phone', '', now()
    from crm_contact c where custom->>'other_phone' ~ '^[+][0-9]{6,15}$'
      and not exists (select from crm_contact o where o.phone = c.custom->>'other_phone');
update crm_contact set custom = custom - 'other_phone'
  where id in (select contact_id from crm_contactpoint);
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0002_crm_core")]

    operations = [
        migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (PIPELINE, CHANCES, TIMES, REASONS, TAGS, POINTS)
    ]
