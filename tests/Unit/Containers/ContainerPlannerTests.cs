using System.Collections.Immutable;
using RpiAgent.Agent.Containers;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Containers;

public class ContainerPlannerTests
{
    private static ContainerPlan Plan(Assignment desired, params ObservedContainer[] found) =>
        ContainerPlanner.Plan(desired, Samples.Empty with { Containers = [.. found] }, Samples.Now);

    [Fact]
    public void A_missing_container_is_created_from_its_reference()
    {
        CreateContainer step = Assert.IsType<CreateContainer>(Assert.Single(Plan(Samples.Assign(Samples.Replica("s.a"))).Steps));
        Assert.Equal("app:1", step.Image);
    }

    [Fact]
    public void A_reference_that_means_another_image_here_is_not_used()
    {
        NodeView view = Samples.Empty with { Images = ImmutableDictionary<string, string>.Empty.Add("app:1", "sha256:old").Add("sha256:app", "sha256:app") };
        ContainerPlan plan = ContainerPlanner.Plan(Samples.Assign(Samples.Replica("s.a")), view, Samples.Now);
        Assert.Equal("sha256:app", Assert.IsType<CreateContainer>(Assert.Single(plan.Steps)).Image);
    }

    [Fact]
    public void A_missing_image_is_fetched_first()
    {
        ContainerPlan plan = ContainerPlanner.Plan(Samples.Assign(Samples.Replica("s.a")), new NodeView(), Samples.Now);
        Assert.Equal("sha256:app", Assert.IsType<FetchImage>(Assert.Single(plan.Steps)).ImageId);
    }

    [Fact]
    public void What_runs_as_wanted_is_left_alone() => Assert.Empty(Plan(Samples.Assign(Samples.Replica("s.a")), Samples.Found("s.a")).Steps);

    [Fact]
    public void An_unhealthy_container_is_only_reported()
    {
        ObservedContainer sick = Samples.Found("s.a") with { Health = "unhealthy" };
        ContainerPlan plan = Plan(Samples.Assign(Samples.Replica("s.a")), sick);
        Assert.Empty(plan.Steps);
        Assert.Equal("unhealthy", Assert.Single(ContainerReports.Of(Samples.Assign(Samples.Replica("s.a")), Samples.Empty with { Containers = [sick] }, plan)).Health);
    }

    [Fact]
    public void What_is_absent_from_the_assignment_is_removed_and_foreign_containers_are_not()
    {
        RemoveContainer step = Assert.IsType<RemoveContainer>(Assert.Single(Plan(Samples.Assign(), Samples.Found("s.old"), Samples.Foreign("portainer")).Steps));
        Assert.Equal("s.old.1", step.Container.Name);
    }

    [Fact]
    public void Another_hash_means_remove_then_create()
    {
        Assignment desired = Samples.Assign(Samples.Replica("s.a", "h2"));
        Assert.IsType<RemoveContainer>(Assert.Single(Plan(desired, Samples.Found("s.a")).Steps));
        Assert.IsType<CreateContainer>(Assert.Single(Plan(desired).Steps));
    }

    [Fact]
    public void The_old_container_serves_until_the_new_image_is_here()
    {
        NodeView view = new() { Containers = [Samples.Found("s.a")] };
        Assert.IsType<FetchImage>(Assert.Single(ContainerPlanner.Plan(Samples.Assign(Samples.Replica("s.a", "h2")), view, Samples.Now).Steps));
    }

    [Fact]
    public void Independent_replicas_start_at_once_and_dependent_ones_wait()
    {
        Assignment desired = Samples.Assign(Samples.Replica("s.a"), Samples.Replica("s.b"), Samples.Replica("s.c", "h1", "s.a"));
        ContainerPlan plan = Plan(desired);
        Assert.Equal([Samples.Id("s.a"), Samples.Id("s.b")], plan.Steps.Select(step => step.Replica));
        Assert.Equal("waits for s.a.1 to start", plan.Waiting[Samples.Id("s.c")]);
        Assert.Equal(Samples.Id("s.c"), Assert.Single(Plan(desired, Samples.Found("s.a"), Samples.Found("s.b")).Steps).Replica);
    }

    [Fact]
    public void A_dependency_on_another_node_is_not_waited_for() =>
        Assert.IsType<CreateContainer>(Assert.Single(Plan(Samples.Assign(Samples.Replica("s.c", "h1", "s.elsewhere"))).Steps));

    [Fact]
    public void Nothing_is_planned_for_a_replica_whose_step_still_runs()
    {
        DesiredReplica replica = Samples.Replica("s.a");
        NodeView view = Samples.Empty with { Running = ImmutableDictionary<ReplicaId, ContainerStep>.Empty.Add(replica.Id, new CreateContainer(replica, "app:1")) };
        Assert.Empty(ContainerPlanner.Plan(Samples.Assign(replica), view, Samples.Now).Steps);
    }

    [Fact]
    public void After_a_failure_the_pause_is_kept_and_named()
    {
        DesiredReplica replica = Samples.Replica("s.a");
        Attempt attempt = Attempt.After(null, FailureKind.Network, "network s_default not found", Samples.Now);
        NodeView view = Samples.Empty with { Attempts = ImmutableDictionary<ReplicaId, Attempt>.Empty.Add(replica.Id, attempt) };
        ContainerPlan plan = ContainerPlanner.Plan(Samples.Assign(replica), view, Samples.Now);
        Assert.Empty(plan.Steps);
        Assert.Equal(attempt.NextTry, plan.LookAgain);
        Assert.Equal("network s_default not found", plan.Waiting[replica.Id]);
        Assert.Single(ContainerPlanner.Plan(Samples.Assign(replica), view, attempt.NextTry).Steps);
    }

    [Fact]
    public void A_container_that_cannot_be_started_on_its_network_three_times_is_made_anew()
    {
        DesiredReplica replica = Samples.Replica("s.a");
        NodeView view = Samples.Empty with
        {
            Containers = [Samples.Found("s.a", ContainerState.Exited)],
            Attempts = ImmutableDictionary<ReplicaId, Attempt>.Empty.Add(replica.Id, new Attempt(FailureKind.Network, 3, Samples.Now, "network gone")),
        };
        Assert.IsType<RemoveContainer>(Assert.Single(ContainerPlanner.Plan(Samples.Assign(replica), view, Samples.Now).Steps));
    }

    [Fact]
    public void A_created_container_that_misses_a_network_is_made_anew_and_a_whole_one_is_started()
    {
        DesiredReplica replica = Samples.Replica("s.a");
        replica = replica with { Container = replica.Container with { Networks = [new NetworkUse("s_front", []), new NetworkUse("s_back", [])] } };
        ObservedContainer cut = Samples.Found("s.a", ContainerState.Created) with { Networks = ["s_front"] };
        RemoveContainer step = Assert.IsType<RemoveContainer>(Assert.Single(Plan(Samples.Assign(replica), cut).Steps));
        Assert.Equal("it was not connected to network s_back", step.Reason);
        Assert.IsType<StartContainer>(Assert.Single(Plan(Samples.Assign(replica), cut with { Networks = ["s_back", "s_front"] }).Steps));
    }

    [Fact]
    public void A_container_is_not_created_while_another_still_holds_its_volume()
    {
        DesiredReplica replica = Samples.Replica("s.new");
        replica = replica with { Container = replica.Container with { Mounts = [new MountSpec("volume", "data", "/data", false)] } };
        ContainerPlan plan = Plan(Samples.Assign(replica), Samples.Found("s.old") with { Volumes = ["data"] });
        Assert.IsType<RemoveContainer>(Assert.Single(plan.Steps));
        Assert.Equal("s.old.1 still holds its volume or port", plan.Waiting[replica.Id]);
    }

    [Theory]
    [InlineData("always", 0, true)]
    [InlineData("on-failure", 0, false)]
    [InlineData("on-failure", 1, true)]
    [InlineData("no", 1, false)]
    public void An_exited_container_is_started_again_as_its_condition_says(string condition, int exitCode, bool started)
    {
        RestartCondition rule = condition switch { "always" => RestartCondition.Always, "on-failure" => RestartCondition.OnFailure, _ => RestartCondition.No };
        DesiredReplica replica = Samples.Replica("s.a");
        replica = replica with { Container = replica.Container with { Restart = new RestartRule(rule, 0) } };
        ContainerPlan plan = Plan(Samples.Assign(replica), Samples.Found("s.a", ContainerState.Exited) with { ExitCode = exitCode });
        Assert.Equal(started, plan.Steps is [StartContainer]);
    }

    [Fact]
    public void Restarts_end_after_the_allowed_attempts()
    {
        DesiredReplica replica = Samples.Replica("s.a");
        replica = replica with { Container = replica.Container with { Restart = new RestartRule(RestartCondition.OnFailure, 3) } };
        ObservedContainer ended = Samples.Found("s.a", ContainerState.Exited) with { ExitCode = 2, Restarts = 3 };
        ContainerPlan plan = Plan(Samples.Assign(replica), ended);
        Assert.Empty(plan.Steps);
        ContainerReport report = Assert.Single(ContainerReports.Of(Samples.Assign(replica), Samples.Empty with { Containers = [ended] }, plan));
        Assert.Equal(("failed", "ended with exit code 2"), (report.State, report.Message));
    }
}
