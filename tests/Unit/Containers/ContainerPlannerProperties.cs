using System.Collections.Immutable;
using CsCheck;
using RpiAgent.Agent.Containers;
using RpiAgent.Protos;
using Xunit;

namespace RpiAgent.Tests.Unit.Containers;

/// <summary>Plans are carried out on a model of the engine, from any beginning.</summary>
public class ContainerPlannerProperties
{
    private static readonly string[] Names = ["s.a", "s.b", "s.c", "s.d"];

    private static readonly Gen<ImmutableArray<ObservedContainer>> AnyContainers = Gen.Select(
        Gen.Int[0, Names.Length - 1].Select(i => Names[i]), Gen.Bool.Select(old => old ? "h2" : "h1"), Gen.Enum<ContainerState>().Where(state => state != ContainerState.Removing), Gen.Int[0, 99])
        .Select((name, hash, state, number) => Samples.Found(name, state, hash) with { Id = $"{name}-{number}", ExitCode = number % 3 })
        .List[0, 6].Select(list => list.DistinctBy(container => container.Id).Append(Samples.Foreign("theirs")).ToImmutableArray());

    private static readonly Gen<Assignment> AnyAssignment = Gen.Shuffle(Names).Select(Gen.Int[0, Names.Length]).Select((names, count) =>
        Samples.Assign([.. names.Take(count).Select((name, i) => Samples.Replica(name, "h1", [.. names.Take(i).Where(_ => i % 2 == 1)]))]));

    [Fact]
    public void Plans_lead_to_exactly_what_is_wanted_and_never_touch_foreign_containers() =>
        Gen.Select(AnyAssignment, AnyContainers).Sample((desired, containers) =>
        {
            ImmutableArray<ObservedContainer> now = containers;
            for (int round = 0; round < 20; round++)
            {
                ContainerPlan plan = ContainerPlanner.Plan(desired, Samples.Empty with { Containers = now }, Samples.Now);
                Assert.Equal(plan.Steps.Length, plan.Steps.Select(step => step.Replica).Distinct().Count());
                now = [.. plan.Steps.Aggregate(now, Carry).Select(EngineRestarts)];
            }

            Assert.Contains(now, container => container.Replica is null);
            Assert.Equal(
                desired.Replicas.Select(replica => (replica.Id, replica.SpecHash)).Order(),
                now.Where(container => container.Replica is not null).Select(container => (container.Replica!.Value, container.SpecHash)).Order());
            Assert.All(now, container => Assert.True(container.State is ContainerState.Running or ContainerState.Paused));
        });

    private static ObservedContainer EngineRestarts(ObservedContainer container) =>
        container.State == ContainerState.Restarting ? container with { State = ContainerState.Running } : container;

    private static ImmutableArray<ObservedContainer> Carry(ImmutableArray<ObservedContainer> now, ContainerStep step) => step switch
    {
        RemoveContainer remove => now.RemoveAll(container => container.Id == remove.Container.Id),
        CreateContainer create => now.Add(Samples.Found(create.Replica.Workload.Value, ContainerState.Running, create.Desired.SpecHash) with { Id = $"new-{now.Length}-{create.Replica}" }),
        StartContainer start => now.Replace(start.Container, start.Container with { State = ContainerState.Running }),
        _ => throw new InvalidOperationException($"{step} does not belong here: the image is present"),
    };
}
